/** The repository as data, so that a rule is a function and can be shown a violation that nobody committed. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** Every file's text by its path from the root, with `/` between folders. */
export type Tree = ReadonlyMap<string, string>;

/** What is untidy, one sentence each that begins with the file; empty when all is well. */
export type Rule = (tree: Tree) => string[];

const codePattern = /\.(?:[cm]?[jt]sx?|sql|sh|css|html)$/;

/** Whether people read and change this file as code (vectors and generated figures are data). */
export const isCode = (path: string): boolean =>
  (codePattern.test(path) && !path.startsWith('test/vectors/')) || path === '.ci/run';

/** The text files under `root` except what .gitignore names; a name there has no pattern but a leading `*`. */
export function readTree(root: string): Tree {
  const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n').filter(Boolean);
  const isIgnored = (name: string): boolean =>
    name === '.git' ||
    ignored.some((line) => (line.startsWith('*') ? name.endsWith(line.slice(1)) : name === line.replace(/\/$/, '')));
  const tree = new Map<string, string>();
  const read = (folder: string): void => {
    for (const entry of readdirSync(join(root, folder), { withFileTypes: true })) {
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (isIgnored(entry.name)) continue;
      if (entry.isDirectory()) read(path);
      else if (entry.isFile()) tree.set(path, readFileSync(join(root, path), 'utf8'));
    }
  };
  read('');
  return tree;
}
