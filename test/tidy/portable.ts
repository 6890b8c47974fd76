/** The repository holds on every machine: no file names a package registry's host or an absolute path of somebody's own. */
import type { Rule } from './tree.ts';

// One letter of each pattern stands in brackets, so that this file does not complain of itself.
const patterns: [RegExp, string][] = [
  [/\bregistr[y]\.[\w.-]+\.\w+|\bnpm[j]s\b/i, 'names a package registry'],
  [/(?<![\w.])\/(?:wor[k]|tm[p]|roo[t]|hom[e])\//, 'names a place outside the repository'],
  [/\b(?:TOD[O]|FIXM[E]|XX[X])\b/, 'leaves a note to its author'],
];

/** No file names registries or places outside the repository, or holds notes that belong into the tracker. */
export const portable: Rule = (tree) =>
  [...tree].flatMap(([path, text]) =>
    patterns.flatMap(([pattern, complaint]) => {
      const found = path.startsWith('test/vectors/') ? null : pattern.exec(text);
      return found === null
        ? []
        : [`${path}:${text.slice(0, found.index).split('\n').length}: ${complaint} (${found[0]})`];
    }),
  );
