/** A vector that no test reads proves nothing. */
import { posix } from 'node:path';
import type { Rule } from './tree.ts';

/** Every file under test/vectors/ is named, extension and all, by a test. */
export const vectors: Rule = (tree) => {
  const tests = [...tree].filter(([path]) => path.startsWith('test/') && path.endsWith('.ts')).map(([, text]) => text);
  return [...tree.keys()].flatMap((path) => {
    const isUsed = !path.startsWith('test/vectors/') || tests.some((text) => text.includes(posix.basename(path)));
    return isUsed ? [] : [`${path}: is named by no test`];
  });
};
