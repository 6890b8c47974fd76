/** The tree that the README draws is the tree. */
import { fencedLines } from './markdown.ts';
import { topOf } from './layers.ts';
import type { Rule } from './tree.ts';

const drawn = /^([\w-]+)\/\S*\s{2,}\S/;

/** The folders at the top and the lines `folder/   what it is` in the README's fenced blocks are the same. */
export const readme: Rule = (tree) => {
  const text = tree.get('README.md');
  if (text === undefined) return ['README.md: does not exist'];
  const there = new Set([...tree.keys()].map(topOf).filter((folder) => folder !== '' && !folder.startsWith('.')));
  const said = new Set(fencedLines(text).flatMap((line) => drawn.exec(line)?.[1] ?? []));
  return [
    ...[...there].filter((folder) => !said.has(folder)).map((folder) => `README.md: its tree lacks ${folder}/`),
    ...[...said]
      .filter((folder) => !there.has(folder))
      .map((folder) => `README.md: its tree has ${folder}/, the repository has not`),
  ];
};
