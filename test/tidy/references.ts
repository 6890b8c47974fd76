/** Every folder's tsconfig.json says the table's row; the linter's list of pure folders says the table's. */
import { mayImport, pure, topOf } from './layers.ts';
import type { Rule, Tree } from './tree.ts';

type Config = {
  compilerOptions?: { types?: string[]; lib?: string[] };
  references?: { path: string }[];
};

const hasCode = (tree: Tree, folder: string): boolean =>
  [...tree.keys()].some((path) => topOf(path) === folder && path.endsWith('.ts'));

const referencesOf = (config: Config): string[] => (config.references ?? []).map(({ path }) => path.replace('../', ''));

function untidyFolder(tree: Tree, folder: string): string[] {
  const path = `${folder}/tsconfig.json`;
  const text = tree.get(path);
  if (text === undefined) return [`${folder}: has code but no tsconfig.json`];
  const config = JSON.parse(text) as Config;
  const references = referencesOf(config);
  const allowed = mayImport.get(folder);
  if (allowed === undefined) return [`${folder}: is no folder of the table`];
  const complaints = references
    .filter((to) => !hasCode(tree, to))
    .map((to) => `${path}: references ${to}, which has no code`);
  if (allowed !== null) {
    const expected = allowed.filter((to) => hasCode(tree, to));
    if ([...expected].sort().join() !== [...references].sort().join()) {
      complaints.push(
        `${path}: references ${references.join(' ') || 'nothing'}, the table says ${expected.join(' ') || 'nothing'}`,
      );
    }
  }
  const { types = [], lib } = config.compilerOptions ?? {};
  if (pure.includes(folder) && (types.length > 0 || lib !== undefined)) {
    complaints.push(`${path}: a pure folder takes neither types nor lib of its own`);
  }
  return complaints;
}

/** Each folder with code is a project of the root's tsconfig.json and references what the table grants it, as far as that exists. */
export const references: Rule = (tree) => {
  const folders = [...new Set([...tree.keys()].map(topOf))].filter((folder) => folder !== '' && hasCode(tree, folder));
  const projects = referencesOf(JSON.parse(tree.get('tsconfig.json') ?? '{}') as Config);
  const missing = folders.filter((folder) => !projects.includes(folder));
  const linted = tree.get('.oxlintrc.json') ?? '';
  const unlinted = pure.filter((folder) => !linted.includes(`"${folder}/**/*.ts"`));
  return [
    ...folders.flatMap((folder) => untidyFolder(tree, folder)),
    ...missing.map((folder) => `tsconfig.json: does not reference ${folder}`),
    ...unlinted.map((folder) => `.oxlintrc.json: does not know that ${folder} is pure`),
  ];
};
