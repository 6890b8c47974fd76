/** The repository speaks of the project, not of the desk it was written at. */
import type { Rule } from './tree.ts';

// One letter of each pattern stands in brackets, so that this file does not speak of it either.
const patterns: [RegExp, string][] = [
  [/\bregistr[y]\.[\w.-]+\.\w+|\bnpm[j]s\b|\bgoproxy\b|\bproxy\.golan[g]\b/i, 'names a package registry'],
  [
    /(?<![\w.])\/(?:wor[k]|tm[p]|roo[t]|hom[e])\/|\.librar[y]\b|\bshared\/desig[n]\b/,
    'names a place outside the repository',
  ],
  [/\b(?:TOD[O]|FIXM[E]|XX[X])\b/, 'leaves a note to its author'],
  [
    /\b(?:chatgp[t]|claud[e]|anthropi[c]|copilo[t]|language mode[l]|ai assistan[t]|sub-?agen[t])\b/i,
    'says who wrote it',
  ],
  [/\b(?:the brie[f]|as requeste[d]|per the issu[e]|issues? show \d)/i, 'says why it was written, not what it is'],
];

/** No file names registries, paths of a workplace, or how it came to be written. */
export const workplace: Rule = (tree) =>
  [...tree].flatMap(([path, text]) =>
    patterns.flatMap(([pattern, complaint]) => {
      const found = path.startsWith('test/vectors/') ? null : pattern.exec(text);
      return found === null
        ? []
        : [`${path}:${text.slice(0, found.index).split('\n').length}: ${complaint} (${found[0]})`];
    }),
  );
