/** A file that a document names is there: a promise that names its test has one. */
import { topOf } from './layers.ts';
import type { Rule } from './tree.ts';

const named = /`([\w.-]+\/[\w./-]*\.\w+)`/g;

/** Every path in backticks, in any Markdown file, that begins with one of the tree's folders is a file of the tree. */
export const mentions: Rule = (tree) => {
  const folders = new Set([...tree.keys()].map(topOf));
  return [...tree].flatMap(([path, text]) => {
    if (!path.endsWith('.md')) return [];
    const paths = new Set([...text.matchAll(named)].map(([, name]) => name!));
    return [...paths]
      .filter((name) => folders.has(topOf(name)) && !tree.has(name))
      .map((name) => `${path}: ${name} does not exist`);
  });
};
