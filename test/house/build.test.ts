/** The committed executable: builds when dist is not what the sources say, only then, once for all who wait, and explains itself. */
import {
  cpSync,
  existsSync,
  lutimesSync,
  mkdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { linkPackages, type Outcome, project, run, write } from './fixture.ts';

const tsconfig = (references: string[]): string =>
  JSON.stringify({
    extends: '../tsconfig.base.json',
    compilerOptions: { rootDir: '.', outDir: '../dist/cli', types: ['node'] },
    include: ['**/*.ts'],
    references: references.map((path) => ({ path })),
  }).replace('dist/cli', references.length > 0 ? 'dist/cli' : 'dist/core');

/** A project of two folders whose command says its word and arguments. */
function command(word: string): string {
  const files = {
    'tsconfig.json': '{ "files": [], "references": [{ "path": "cli" }] }',
    'core/tsconfig.json': tsconfig([]),
    'core/word.ts': `export const word: string = '${word}';`,
    'cli/tsconfig.json': tsconfig(['../core']),
    'cli/main.ts': `import { word } from '../core/word.ts';\nconsole.log([word, ...process.argv.slice(2)].join(' '));`,
  };
  const folder = project(files, ['bin', 'package.json', 'tsconfig.base.json', 'text-codec.d.ts']);
  linkPackages(folder);
  return folder;
}

const start = (folder: string, args: string[] = []): Promise<Outcome> => run(join(folder, 'bin/p3do.js'), args);

const built = (stdout: string): Outcome => ({ status: 0, stdout, stderr: 'p3do: building …\n' });
const ready = (stdout: string): Outcome => ({ status: 0, stdout, stderr: '' });

test('builds what is missing, and then no more', async () => {
  const folder = command('one');
  expect(await start(folder, ['a', 'b c'])).toEqual(built('one a b c\n'));
  expect(await start(folder)).toEqual(ready('one\n'));
});

test('builds when a source of another folder has changed, even to an older one', async () => {
  const folder = command('one');
  await start(folder);
  write(folder, 'core/word.ts', `export const word: string = 'two';`);
  utimesSync(join(folder, 'core/word.ts'), 1, 1);
  expect(await start(folder)).toEqual(built('two\n'));
  expect(await start(folder)).toEqual(ready('two\n'));
});

test('builds when a source came or went, or tsc ran by hand in between', async () => {
  const folder = command('one');
  await start(folder);
  write(folder, 'core/more.ts', 'export const more = 1;');
  expect(await start(folder)).toEqual(built('one\n'));
  rmSync(join(folder, 'core/more.ts'));
  expect(await start(folder)).toEqual(built('one\n'));

  write(folder, 'core/word.ts', `export const word: string = 'two';`);
  await run(process.execPath, [join(folder, 'node_modules/typescript/bin/tsc'), '-b'], { cwd: folder });
  write(folder, 'core/word.ts', `export const word: string = 'one';`);
  expect(await start(folder)).toEqual(built('one\n'));
});

test('of many started at once, one builds and all run', async () => {
  const folder = command('one');
  const outcomes = await Promise.all(Array.from({ length: 8 }, () => start(folder)));
  expect(outcomes.map(({ status, stdout }) => ({ status, stdout }))).toEqual(
    Array.from({ length: 8 }, () => ({ status: 0, stdout: 'one\n' })),
  );
  // On a slow machine the others say that they wait.
  expect(outcomes.filter(({ stderr }) => stderr.includes('building'))).toEqual([built('one\n')]);
});

test('a lock left behind by the dead is taken over', async () => {
  const folder = command('one');
  const { stdout: dead } = await run('sh', ['-c', 'echo $$']);
  mkdirSync(join(folder, 'dist'));
  symlinkSync(dead.trim(), join(folder, 'dist/.building'));
  expect(await start(folder)).toEqual(built('one\n'));
  expect(existsSync(join(folder, 'dist/.building'))).toBe(false);
});

test.each([
  ['a file', (path: string) => writeFileSync(path, '1')],
  ['a folder', (path: string) => mkdirSync(join(path, 'x'), { recursive: true })],
  ['a link to no process', (path: string) => symlinkSync('-1', path)],
  [
    'a lock older than any build',
    (path: string) => {
      symlinkSync(String(process.ppid), path);
      lutimesSync(path, 1, 1);
    },
  ],
  [
    'a lock from the future',
    (path: string) => {
      symlinkSync(String(process.ppid), path);
      lutimesSync(path, 4e9, 4e9);
    },
  ],
])('%s in the place of the lock is taken over', async (_, make) => {
  const folder = command('one');
  mkdirSync(join(folder, 'dist'));
  make(join(folder, 'dist/.building'));
  expect(await start(folder)).toEqual(built('one\n'));
});

test("an editor's lock file is no source", async () => {
  const folder = command('one');
  symlinkSync('nobody@nowhere.1', join(folder, 'core/.#word.ts'));
  expect(await start(folder)).toEqual(built('one\n'));
});

test('sources that do not compile: the compiler speaks, then one sentence, exit code 1, and nothing runs', async () => {
  const folder = command('one');
  await start(folder);
  write(folder, 'core/word.ts', `export const word: string = 2;`);
  for (const _ of ['first', 'again']) {
    const { status, stdout, stderr } = await start(folder);
    expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
    expect(stderr).toContain('core/word.ts(1,14): error');
    expect(stderr).toMatch(/\np3do: cannot build: the sources do not compile, see above\n$/);
  }
  write(folder, 'core/word.ts', `export const word: string = 'one';`);
  expect(await start(folder)).toEqual(built('one\n'));
});

test('what compiles no more by a change elsewhere does so again when that is taken back, with whatever times', async () => {
  const folder = command('one');
  await start(folder);
  const path = join(folder, 'core/word.ts');
  write(folder, 'core/word.ts', `export const words: string = 'one';`);
  for (const _ of ['first', 'again']) expect((await start(folder)).stderr).toContain('cli/main.ts(1,10): error');
  write(folder, 'core/word.ts', `export const word: string = 'three';`);
  utimesSync(path, 1, 1);
  expect(await start(folder)).toEqual(built('three\n'));
});

test('without typescript: says what to do', async () => {
  const folder = command('one');
  rmSync(join(folder, 'node_modules'));
  const { status, stdout, stderr } = await start(folder);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toContain(`typescript is not installed: run npm install in ${folder}`);
});

test('runs through a link, from elsewhere', async () => {
  const folder = command('one');
  const elsewhere = project({});
  symlinkSync(join(folder, 'bin/p3do.js'), join(elsewhere, 'p3do'));
  expect(await run(join(elsewhere, 'p3do'), ['x'], { cwd: elsewhere })).toEqual(built('one x\n'));
});

test('a package with dist and without sources runs as it is', async () => {
  const folder = command('one');
  await start(folder);
  const installed = project({});
  for (const path of ['bin', 'dist', 'package.json'])
    cpSync(join(folder, path), join(installed, path), { recursive: true });
  expect(await start(installed)).toEqual(ready('one\n'));
  renameSync(join(installed, 'dist'), join(installed, 'gone'));
  const { status, stderr } = await start(installed);
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'p3do: cannot build: dist/ is missing from this package, install it again\n',
  });
});
