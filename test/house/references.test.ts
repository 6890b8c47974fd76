/** The rule on project references, shown configurations that say other than the table. */
import { expect, test } from '@jest/globals';
import { mayImport, pure } from '../tidy/layers.ts';
import { references } from '../tidy/references.ts';

const config = (paths: string[], compilerOptions = {}): string =>
  JSON.stringify({ compilerOptions, references: paths.map((path) => ({ path })) });

const tidy: Record<string, string> = {
  'tsconfig.json': config(['psyc', 'onion', 'simulator', 'test']),
  '.oxlintrc.json': JSON.stringify(pure.map((folder) => `${folder}/**/*.ts`)),
  'psyc/a.ts': '',
  'psyc/tsconfig.json': config([]),
  'onion/a.ts': '',
  'onion/tsconfig.json': config(['../psyc']),
  'simulator/a.ts': '',
  'simulator/tsconfig.json': config(['../psyc', '../onion']),
  'test/a.test.ts': '',
  'test/tsconfig.json': config(['../psyc'], { types: ['node'] }),
};

const complaints = (change: Record<string, string>): string[] =>
  references(new Map(Object.entries({ ...tidy, ...change })));

test('what the table says, as far as it exists', () => {
  expect(complaints({})).toEqual([]);
});

test('one too few, one too many', () => {
  expect(complaints({ 'onion/tsconfig.json': config([]) })).toEqual([
    'onion/tsconfig.json: references nothing, the table says psyc',
  ]);
  expect(complaints({ 'psyc/tsconfig.json': config(['../onion']) })).toEqual([
    'psyc/tsconfig.json: references onion, the table says nothing',
  ]);
});

test('a folder without code, without a project, out of the root, out of the table', () => {
  expect(complaints({ 'test/tsconfig.json': config(['../server']) })).toEqual([
    'test/tsconfig.json: references server, which has no code',
  ]);
  expect(complaints({ 'web/a.ts': '' })).toEqual([
    'web: has code but no tsconfig.json',
    'tsconfig.json: does not reference web',
  ]);
  expect(complaints({ 'attic/a.ts': '', 'attic/tsconfig.json': config([]) })).toEqual([
    'attic: is no folder of the table',
    'tsconfig.json: does not reference attic',
  ]);
});

test('a platform in a pure folder, a pure folder unknown to the linter', () => {
  expect(complaints({ 'psyc/tsconfig.json': config([], { types: ['node'] }) })).toEqual([
    'psyc/tsconfig.json: a pure folder takes neither types nor lib of its own',
  ]);
  expect(complaints({ '.oxlintrc.json': JSON.stringify(pure.slice(1).map((folder) => `${folder}/**/*.ts`)) })).toEqual([
    '.oxlintrc.json: does not know that psyc is pure',
  ]);
});

test('the table grants nobody cli, web, test or bench, and every grant is a folder of it', () => {
  const granted = [...mayImport.values()].flatMap((folders) => folders ?? []);
  for (const folder of ['cli', 'web', 'test', 'bench']) expect(granted).not.toContain(folder);
  expect(granted.filter((folder) => !mayImport.has(folder))).toEqual([]);
});
