/** The compiler and the linter refuse in a pure folder what the house forbids there: each thing planted, each thing caught. */
import { expect, test } from '@jest/globals';
import { linkPackages, project, root, run } from './fixture.ts';

const rulesOf = [
  ['Date', 'export const now = Date.now();', 'no-restricted-globals'],
  ['new Date', 'export const now = new Date();', 'no-restricted-globals'],
  ['performance', 'export const now = performance.now();', 'no-restricted-globals'],
  ['globalThis', 'export const clock = globalThis;', 'no-restricted-globals'],
  ['Math.random', 'export const chance = Math.random();', 'no-restricted-properties'],
  ['Math.random by index', `export const chance = Math['random']();`, 'no-restricted-properties'],
  ['Math.log', 'export const log = Math.log(2);', 'no-restricted-properties'],
  ['Math.exp', 'export const exp = Math.exp(2);', 'no-restricted-properties'],
  ['Math.pow', 'export const pow = Math.pow(2, 0.5);', 'no-restricted-properties'],
  ['Math.sin taken apart', 'const { sin } = Math;\nexport const wave = sin(2);', 'no-restricted-properties'],
  ['locale', `export const order = 'a'.localeCompare('b');`, 'no-restricted-properties'],
  ['foreign package', `export { Command } from 'commander';`, 'no-restricted-imports'],
  ['platform', `export { readFileSync } from 'node:fs';`, 'no-restricted-imports'],
  ['foreign type', `export type { Command } from 'commander';`, 'no-restricted-imports'],
  ['promise left alone', 'const late = async (): Promise<void> => {};\nlate();', 'no-floating-promises'],
  ['any', 'export const anything = (value: any): void => value;', 'no-explicit-any'],
] as const;

const allowed = `import { sha256 } from '@noble/hashes/sha2.js';
export const digest = sha256(new Uint8Array(Math.max(Math.floor(1.5), 1)));
export const root = Math.sqrt(2);`;

const files: Record<string, string> = {
  'tsconfig.json': '{ "files": [], "references": [{ "path": "psyc" }, { "path": "pki" }] }',
  'psyc/ring.ts': `import { back } from './back.ts';\nexport const ring = (): number => back();`,
  'psyc/back.ts': `import { ring } from './ring.ts';\nexport const back = (): number => ring();`,
  'psyc/allowed.ts': allowed,
  'pki/openpgp.ts': `export { readKey } from 'openpgp';\nexport { Command } from 'commander';`,
  'pki/ring.ts': `export { readKey } from 'openpgp';`,
  'test/skipped.test.ts': `import { test } from '@jest/globals';\ntest.skip('later', () => {});\ntest.only('now', () => {});`,
};
for (const [at, [, text]] of rulesOf.entries()) files[`psyc/planted-${at}.ts`] = text;

function planted(): string {
  const copied = ['.oxlintrc.json', 'package.json', 'tsconfig.base.json', 'text-codec.d.ts', 'psyc/tsconfig.json'];
  const folder = project(files, copied);
  linkPackages(folder);
  return folder;
}

const found = async (): Promise<string[]> => {
  const { stdout } = await run(process.execPath, [`${root}node_modules/oxlint/bin/oxlint`, '-f', 'unix'], {
    cwd: planted(),
  });
  return stdout.split('\n').flatMap((line) => {
    const [, path, rule] = /^([^:]+):\d+:\d+: .*\[Error\/[\w-]+\(([\w-]+)\)\]$/.exec(line) ?? [];
    return path === undefined || rule === undefined ? [] : [`${path} ${rule}`];
  });
};

test('the linter catches each, and nothing that is allowed', async () => {
  const complaints = await found();
  const expected = [
    ...rulesOf.map(([, , rule], at) => `psyc/planted-${at}.ts ${rule}`),
    'psyc/ring.ts no-cycle',
    'psyc/back.ts no-cycle',
    'pki/openpgp.ts no-restricted-imports',
    'pki/ring.ts no-restricted-imports',
    'test/skipped.test.ts no-disabled-tests',
    'test/skipped.test.ts no-focused-tests',
  ];
  expect(complaints).toEqual(expect.arrayContaining(expected));
  const restricted = complaints.filter((line) => line.includes('no-restricted'));
  expect(restricted.filter((line) => line.startsWith('psyc/allowed.ts'))).toEqual([]);
  expect(restricted.filter((line) => line.startsWith('pki/'))).toHaveLength(2);
});

test('the compiler knows no platform in a pure folder', async () => {
  const words = ['process', 'Buffer', 'setTimeout(() => {}, 1)', 'fetch', 'crypto', 'performance', 'console'];
  const text = words.map((word, at) => `export const v${at} = ${word};`).join('\n');
  const folder = project({ 'psyc/planted.ts': text }, [
    'package.json',
    'tsconfig.base.json',
    'text-codec.d.ts',
    'psyc/tsconfig.json',
  ]);
  linkPackages(folder);
  const { status, stdout } = await run(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-b', 'psyc'], {
    cwd: folder,
  });
  const lines = stdout.split('\n').flatMap((line) => /^psyc\/planted\.ts\((\d+),/.exec(line)?.[1] ?? []);
  expect(lines).toEqual(words.map((_, at) => String(at + 1)));
  expect(status).not.toBe(0);
});
