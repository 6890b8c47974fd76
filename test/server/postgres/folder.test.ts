/** One server at a time in one folder: the second is refused and touches nothing, and the dead are not in the way. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { type Release, takeFolder } from '../../../server/postgres/folder.ts';
import { Supervisor } from '../../../server/postgres/supervisor.ts';
import { append } from '../../store/rows.ts';
import { debian, needsDebian, opened, supervised, temporaryFolder } from './clusters.ts';
import { Undoing } from '../../undoing.ts';

const undoing = new Undoing();
afterEach(async () => undoing.run());

const inUse = { code: '_store_in_use', message: expect.stringMatching(/^another server works in \/.*: stop it, or/) };

/** Releases of those that got the folder, of as many as ask at once. */
async function race(folder: string, count: number): Promise<Release[]> {
  const asked = await Promise.allSettled(Array.from({ length: count }, async () => takeFolder(folder)));
  for (const one of asked) if (one.status === 'rejected') expect(one.reason).toMatchObject(inUse);
  return asked.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
}

test('of many that want a folder at once one has it, again and again', async () => {
  const folder = join(await temporaryFolder(undoing), 'not', 'there', 'yet');
  for (let round = 0; round < 20; round++) {
    const releases = await race(folder, 8);
    expect(releases).toHaveLength(1);
    await expect(takeFolder(folder)).rejects.toMatchObject(inUse);
    await releases[0]!();
  }
  // What the dead leave is removed, but for the last.
  expect(await readdir(join(folder, 'lock'))).toHaveLength(1);
});

test('a process that was killed leaves the folder to the next', async () => {
  const folder = await temporaryFolder(undoing);
  await mkdir(join(folder, 'lock'));
  const listening = `require('node:net').createServer().listen(process.argv[1], () => console.log('here'))`;
  const child = spawn(process.execPath, ['-e', listening, join(folder, 'lock', '7')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  undoing.add(async () => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  await expect(takeFolder(folder)).rejects.toMatchObject(inUse);
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
  const releases = await race(folder, 8);
  expect(releases).toHaveLength(1);
  expect(await readdir(join(folder, 'lock'))).toEqual(['8']);
  await releases[0]!();
});

needsDebian('PostgreSQL 15', () => {
  test('a second supervisor is refused, and the first’s postgres does not notice', async () => {
    const folder = await temporaryFolder(undoing);
    const downs: string[] = [];
    const options = { folder, programs: debian };
    const first = await supervised(undoing, { ...options, down: (reason) => downs.push(reason) });
    const store = await opened(undoing, first.connection);
    const { pid } = first;
    const before = await stat(join(folder, 'socket'));
    await expect(Supervisor.start(options)).rejects.toMatchObject(inUse);
    expect((await stat(join(folder, 'socket'))).ctimeMs).toBe(before.ctimeMs);
    expect(await store.perform({ kind: 'write', request: 1, operations: [append('hall', 1)] })).toMatchObject({
      kind: 'written',
    });
    expect([first.pid, downs]).toEqual([pid, []]);
    await store.close();
    await first.stop();
    expect((await supervised(undoing, options)).pid).not.toBe(pid);
  });

  test('of two that make a database in one folder at once one does', async () => {
    const options = { folder: await temporaryFolder(undoing), programs: debian };
    const both = await Promise.allSettled([supervised(undoing, options), supervised(undoing, options)]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    for (const one of both) if (one.status === 'rejected') expect(one.reason).toMatchObject(inUse);
  });

  test('a start that fails leaves the folder free', async () => {
    const folder = await temporaryFolder(undoing);
    await expect(Supervisor.start({ folder, programs: '/nowhere' })).rejects.toMatchObject({
      code: '_store_no_binary',
    });
    await supervised(undoing, { folder, programs: debian });
  });
});
