/** The lines of the README that start two domains do, on any free port: a message goes from one to the other. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { expect, test } from '@jest/globals';
import { freePort } from '../server/free-port.ts';

const lines = readFileSync('README.md', 'utf8')
  .split('```')
  .find((block) => block.includes('P3DO_PASSPHRASE='))!
  .trim();

test('two domains, and a message from one to the other', async () => {
  const port = await freePort();
  const script = `${lines.replaceAll('9414', String(port)).replaceAll('npx p3do', 'node bin/p3do.js')}; echo "home $P3DO_HOME"`;
  // A process group of its own, which a person's terminal would end by Ctrl-C or `kill %1 %2`.
  const shell = spawn('bash', ['-c', script], { stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  let output = '';
  let log = '';
  shell.stdout.on('data', (chunk: Buffer) => void (output += chunk.toString()));
  shell.stderr.on('data', (chunk: Buffer) => void (log += chunk.toString()));
  shell.once('exit', () => process.kill(-shell.pid!, 'SIGTERM'));
  await once(shell, 'close');
  const home = /^home (\/.+)$/m.exec(output)?.[1];
  // The servers' databases end behind the shell, and write until then.
  if (home !== undefined) await rm(home, { recursive: true, force: true, maxRetries: 100, retryDelay: 100 });
  expect(home).toBeDefined();
  expect(output + log).toMatch(/^stored at d2\.test$/m);
  expect(output).toMatch(/ request ada@d1\.test: hello$/m);
});
