/** A simulation repeats itself on every engine only if its arithmetic is exact; the linter cannot see an operator. */
import { pure, topOf } from './layers.ts';
import type { Rule } from './tree.ts';

const power = /(?<!\b2n?) \*\*=? /;

/** Pure folders raise nothing but 2 to a power: engines differ in the last bit of the rest. */
export const arithmetic: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    if (!pure.includes(topOf(path)) || !path.endsWith('.ts')) return [];
    return text.split('\n').flatMap((line, at) => {
      const code = line.replace(/^\s*(?:\/?\*|\/\/).*/, '');
      return power.test(code) ? [`${path}:${at + 1}: ** is exact for powers of 2 only`] : [];
    });
  });
