/** `p3do localserve --scene trust`: what it says has happened, and nothing left of it, also where it is broken off. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, expect, test } from '@jest/globals';
import { needsLinux } from '../server/linux.ts';
import { command } from '../server/served.ts';

const undone: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of undone.splice(0).reverse()) await undo();
});

/** A place for temporary files where nobody else's are. */
async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'p3s'));
  undone.push(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  return folder;
}

interface Playing {
  readonly child: ChildProcess;
  readonly lines: AsyncIterable<string>;
  readonly over: Promise<unknown[]>;
}

function play(TMPDIR: string, ...args: string[]): Playing {
  const child = spawn(process.execPath, [command, 'localserve', '--scene', 'trust', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR },
  });
  const over = once(child, 'close');
  undone.push(async () => {
    child.kill();
    await over;
  });
  return { child, lines: createInterface({ input: child.stdout }), over };
}

/** Entries of the place, and arguments of processes that work in it. */
function leftIn(folder: string): string[] {
  const commands = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
      } catch {
        return '';
      }
    });
  return [...readdirSync(folder), ...commands.filter((line) => line.includes(`${folder}/p3do-town-`))];
}

needsLinux('p3do localserve --scene trust', () => {
  test('all of it, step by step, to its end', async () => {
    const folder = await place();
    const { lines, over } = play(folder, '--json');
    const told: Record<string, unknown>[] = [];
    for await (const line of lines) told.push(JSON.parse(line) as Record<string, unknown>);
    expect((await over)[0]).toBe(0);
    const scenes = told.filter(({ kind }) => kind === 'scene');
    expect(scenes).toEqual([
      { kind: 'scene', done: 'federated', keys: expect.anything() },
      // Nobody vouches for a DNS without DNSSEC: the other row for a key that follows.
      { kind: 'scene', done: 'followed', by: 'red.test', row: '10', key: expect.stringMatching(/^[0-9a-f]{40}$/) },
      { kind: 'scene', done: 'followed', by: 'blue.test', row: '10', key: expect.stringMatching(/^[0-9a-f]{40}$/) },
      { kind: 'scene', done: 'alarmed', by: 'green.test', row: '8' },
      { kind: 'scene', done: 'alarmed', by: 'blue.test', row: '8' },
      { kind: 'scene', done: 'refused', row: '13', isKept: true },
      { kind: 'scene', done: 'spoken', isThrough: true, isHers: true },
    ]);
    expect(leftIn(folder)).toEqual([]);
  });

  test.each([
    ['before a server stands', /^Three domains/],
    ['while a command waits', /^ {2}\$ p3do federate add/],
    ['while they wait for each other', /^ {3}Meanwhile/],
  ])('Ctrl-C %s', async (_, when) => {
    const folder = await place();
    const { child, lines, over } = play(folder, '--fast');
    let complaints = '';
    child.stderr!.on('data', (chunk: Buffer) => void (complaints += chunk.toString()));
    let last = '';
    for await (const line of lines) {
      if (when.test(line)) child.kill('SIGINT');
      last = line;
    }
    expect((await over)[0]).toBe(0);
    expect([complaints, last]).toEqual(['', 'all gone.']);
    expect(leftIn(folder)).toEqual([]);
  });
});
