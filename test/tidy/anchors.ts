/** A comment that sends the reader to the documents sends him to a place that exists. */
import { posix } from 'node:path';
import { anchors as anchorsOf } from './markdown.ts';
import type { Rule, Tree } from './tree.ts';

const named = /\bdocs\/[\w./-]+\.md(?:#[\w-]+)?/g;
const linked = /\]\(([^)\s:#]*\.md)?(#[^)\s]+)?\)/g;

function missing(tree: Tree, target: string): string | null {
  const [path = '', anchor] = target.split('#');
  const text = tree.get(path);
  if (text === undefined) return `${path} does not exist`;
  return anchor === undefined || anchorsOf(text).has(anchor) ? null : `${path} has no anchor #${anchor}`;
}

/** Every `docs/….md#anchor` in any file, and every relative link between documents, resolves. */
export const anchors: Rule = (tree) =>
  [...tree].flatMap(([path, text]) => {
    // Those tests plant references that lead nowhere.
    if (path.startsWith('test/house/')) return [];
    const targets = [...text.matchAll(named)].map(([target]) => target);
    if (path.endsWith('.md')) {
      for (const [whole, file, anchor = ''] of text.matchAll(linked)) {
        if (whole === ']()') continue;
        targets.push((file === undefined ? path : posix.join(posix.dirname(path), file)) + anchor);
      }
    }
    return [...new Set(targets)].flatMap((target) => {
      const complaint = missing(tree, target);
      return complaint === null ? [] : [`${path}: ${complaint}`];
    });
  });
