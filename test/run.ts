/** Runs jest with the arguments given, then prints the closing lines: `node dist/test/run.js test/psyc`. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { closing, type Results } from './closing.ts';

const jest = createRequire(import.meta.url).resolve('jest/bin/jest');

/** Jest's results in what it wrote to stdout, where a test may have written too; null if it did not get that far. */
function resultsIn(output: string): Results | null {
  const start = output.lastIndexOf('{"numFailedTestSuites":');
  try {
    return JSON.parse(output.slice(start)) as Results;
  } catch {
    return null;
  }
}

// Modules in jest are experimental in name; every test file would say so.
const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
// With --json the results go to stdout, and what people read goes to stderr.
const { status, stdout } = spawnSync(process.execPath, [...flags, jest, '--json', ...process.argv.slice(2)], {
  stdio: ['ignore', 'pipe', 'inherit'],
  encoding: 'utf8',
  maxBuffer: 2 ** 30,
});
const results = resultsIn(stdout);
const { lines, isGood } = closing(results);
if (results === null) process.stdout.write(stdout);
process.stdout.write(lines.map((line) => `${line}\n`).join(''));
process.exitCode = isGood && status === 0 ? 0 : 1;
