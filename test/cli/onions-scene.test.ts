/** `p3do localserve --scene onions`: what arrives and over whom, as people and programs are told; and no server tells ways but in a playground. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from '@jest/globals';
import { type Done, wayOf } from '../../cli/playground/way.ts';
import { run } from '../house/fixture.ts';
import { needsLinux } from '../server/linux.ts';
import { command } from '../server/served.ts';

const undone: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of undone.splice(0).reverse()) await undo();
});

async function place(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'p3o'));
  undone.push(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  return folder;
}

function play(TMPDIR: string, ...args: string[]): ChildProcess & { readonly stdout: NodeJS.ReadableStream } {
  const child = spawn(process.execPath, [command, 'localserve', '--scene', 'onions', ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, TMPDIR },
  });
  undone.push(async () => {
    if (child.exitCode !== null) return;
    const over = once(child, 'close');
    child.kill();
    await over;
  });
  return child;
}

/** With names, times and keys that differ each time made the same; an onion’s hops are told in any order. */
const shape = (said: string): string =>
  said
    .replace(
      /^ {3,}\d+\.\d s {2}.*$/gm,
      (line) => `  ${line.includes('envelope off') ? 'OFF' : line.includes('last') ? 'LAST' : 'LAYER'}`,
    )
    .replace(/\((?:red|green|blue|amber|violet)\)/g, '(X)')
    .replace(/─► (?:blue|amber|violet)(?= |$)/g, '─► Y')
    .replace(/here: [0-9a-f]{40}/g, 'here: KEY');

needsLinux('p3do localserve --scene onions', () => {
  test('as people see it, and as the README shows it', async () => {
    const folder = await place();
    const said = shape(await text(play(folder, '--fast').stdout));
    const way = [
      '   Ada ─► red ─► (X) ─► Y ─► (X) ─► Y ─► (X) ─► green ─► Bob',
      '',
      '  OFF',
      '  LAYER',
      '  OFF',
      '  LAYER',
      '  OFF',
      '  LAST',
      '',
    ].join('\n');
    const sent =
      "  $ p3do send --anonymous --hops 3 --by-home bob@green.localhost 'Look under the stone.' --as ada@red.localhost\n";
    const told = '  handed to red.localhost over 3 servers by their keys; nobody tells whether it arrives\n';
    const heard = '  - request nobody (out of an onion): Look under the stone.\n';
    for (const part of [sent, told, heard]) expect(said).toContain(part);
    expect(said.split(way)).toHaveLength(3);
    expect(said).toContain('  - request nobody (out of an onion): Have you looked?\n');
    expect(said.trimEnd().endsWith('\nall gone.')).toBe(true);
    const shown = shape(await readFile('README.md', 'utf8'));
    for (const part of [sent, told, way, heard]) expect(shown).toContain(part.trimEnd());
    expect(readdirSync(folder)).toEqual([]);
  });

  test('as programs are told it: three servers each time, and the killed one only the first time', async () => {
    const folder = await place();
    const lines = (await text(play(folder, '--json').stdout)).trimEnd().split('\n');
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const scenes = told.filter(({ kind }) => kind === 'scene') as { hops: string[]; domain: string }[];
    const arrived = {
      kind: 'scene',
      done: 'arrived',
      home: 'red.localhost',
      hops: [expect.any(String), expect.any(String), 'green.localhost'],
      way: expect.any(Array),
      isHeard: true,
      isNamed: false,
    };
    const answered = (hops: number) => ({
      kind: 'scene',
      done: 'answered',
      isKey: true,
      how: expect.objectContaining({ hopsThere: hops, hopsBack: hops, level: 1, attempts: expect.any(Number) }),
    });
    const was = { kind: 'scene', done: 'killed', domain: expect.any(String) };
    expect(scenes).toEqual([arrived, answered(3), was, arrived, answered(2)]);
    const [first, , killed, second] = scenes;
    for (const { hops } of [first!, second!]) {
      expect(new Set(hops).size).toBe(3);
      expect(hops).not.toContain('red.localhost');
    }
    expect(first!.hops).toContain(killed!.domain);
    expect(second!.hops).not.toContain(killed!.domain);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a server that others can reach refuses to tell anybody the ways of onions', async () => {
    const folder = await place();
    const env = { P3DO_HOME: folder };
    const made = async (name: string, ...args: string[]): Promise<string> => {
      const { status } = await run('node', [command, 'quickstart', name, '--folder', join(folder, name), ...args], {
        env,
      });
      expect(status).toBe(0);
      return join(folder, name);
    };
    const refused = async (domain: string): Promise<void> => {
      const { status, stderr } = await run('node', [command, 'serve', '--playground', '--folder', domain], { env });
      expect({ status, stderr }).toEqual({ status: 1, stderr: expect.stringContaining('(_town_reachable)') });
    };
    await refused(await made('a.example', '--host', '127.0.0.1'));
    const open = await made('b.test', '--host', '127.0.0.1');
    const file = join(open, 'config.json');
    const config = JSON.parse(await readFile(file, 'utf8')) as { listen: object };
    await writeFile(file, JSON.stringify({ ...config, listen: { ...config.listen, hosts: ['0.0.0.0'] } }));
    await refused(open);
    // Nor does its page name it, or config.json know it.
    const { stdout } = await run('node', [command, 'serve', '--help']);
    expect(stdout).not.toContain('playground');
    expect(readFileSync('server/config/schema.ts', 'utf8')).not.toContain('playground');
  });
});

test('a way is put together from steps in any order, among those of others', () => {
  const step = (at: string, did: Done['did'], onion: string, next: string | null = null): Done => ({
    at,
    did,
    onion,
    next,
    ms: 0,
  });
  const way = [
    step('x', 'unwrapped', '1'),
    step('a', 'relayed', '1', '2'),
    step('y', 'unwrapped', '2'),
    step('b', 'handed over', '2'),
  ];
  const others = [step('z', 'unwrapped', '7'), step('b', 'relayed', '7', '8'), step('y', 'relayed', '9', '1x')];
  const all = [...way, ...others];
  expect(wayOf(all.toReversed(), 'b', 2)).toEqual(way);
  expect(wayOf(all, 'b', 2)).toEqual(way);
  expect(wayOf(others, 'b', 2)).toBeNull();
  // What was under way before, of which not all is known; and what ends elsewhere.
  expect(wayOf(way.slice(1), 'b', 2)).toBeNull();
  expect(wayOf(way.slice(2), 'b', 2)).toBeNull();
  expect(wayOf([...way, step('y', 'unwrapped', '5'), step('b', 'handed over', '5')], 'b', 2)).toEqual(way);
  expect(wayOf(all, 'a', 2)).toBeNull();
});
