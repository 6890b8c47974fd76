/** Whatever a test may need from the machine, the continuous integration installs. */
import type { Rule } from './tree.ts';

const declared = /\bapt: '([^']+)'/g;

/** Every Debian package that a test names for test/needs.ts stands in .ci/run. */
export const machine: Rule = (tree) => {
  const installed = new Set((tree.get('.ci/run') ?? '').split(/[\s()'":]+/));
  return [...tree].flatMap(([path, text]) => {
    if (!path.startsWith('test/') || path.startsWith('test/house/')) return [];
    const packages = [...text.matchAll(declared)].flatMap(([, names = '']) => names.split(' '));
    return packages
      .filter((name) => !installed.has(name))
      .map((name) => `${path}: needs ${name}, which .ci/run does not install`);
  });
};
