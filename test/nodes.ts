/** Runs the whole suite under every Node line we promise, with binaries from npm: `npm run test:nodes`, or `… -- 24`. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { delimiter, dirname, join, resolve } from 'node:path';

const promised = ['20.19', '22', '24'];
const versions = process.argv.length > 2 ? process.argv.slice(2) : promised;
const cache = resolve('node_modules/.cache/nodes');

/** The path of a Node of this line, installed into the cache unless it is there. */
function nodeOf(version: string): string {
  const pack = `node-${process.platform}-${process.arch}`;
  const folder = join(cache, version);
  const binary = join(folder, 'node_modules', pack, 'bin', 'node');
  if (!existsSync(binary)) {
    mkdirSync(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-package-lock', '--no-save', '--silent', `${pack}@${version}`];
    const { status } = spawnSync('npm', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    if (status !== 0) throw new Error(`npm has no ${pack}@${version}`);
  }
  return binary;
}

/** Runs the suite under `binary` and returns its closing lines; what the tests said is shown when one failed. */
function run(binary: string): { lines: string; isGood: boolean } {
  const PATH = `${dirname(binary)}${delimiter}${process.env['PATH'] ?? ''}`;
  const { status, stdout, stderr } = spawnSync(binary, ['dist/test/run.js'], {
    env: { ...process.env, PATH },
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) process.stderr.write(stderr);
  return { lines: stdout.trimEnd(), isGood: status === 0 };
}

for (const version of versions) {
  const binary = nodeOf(version);
  const name = spawnSync(binary, ['--version'], { encoding: 'utf8' }).stdout.trim();
  const start = performance.now();
  const { lines, isGood } = run(binary);
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  process.stdout.write(`node ${name}, ${seconds} s: ${lines.replaceAll('\n', '; ')}\n`);
  if (!isGood) process.exitCode = 1;
}
