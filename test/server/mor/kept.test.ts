/** What was opened opens nothing after kill -9; secrets that were burnt are gone from the disk; what is over goes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface, type Interface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hexOf, textBytes } from '../../../crypto/bytes.ts';
import { bareCell, envelopeFiller } from '../../../onion/cell.ts';
import { newPair, pairOf } from '../../../onion/keys.ts';
import { sealOnion } from '../../../onion/seal.ts';
import { KeptCells } from '../../../server/mor/kept.ts';
import { suite } from '../../../server/suite.ts';
import { Undoing } from '../../undoing.ts';

const NOW = 1_800_000_000;
const program = fileURLToPath(new URL('../../../dist/test/server/mor/life.js', import.meta.url));
const sixteen = (fill: number): Uint8Array => new Uint8Array(16).fill(fill);
const secretOf = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
const nothing = { tags: [], marks: [], burnt: [], deposits: [] };

let undoing: Undoing;
let folder = '';
let now = NOW;

beforeEach(async () => {
  undoing = new Undoing();
  folder = await mkdtemp(join(tmpdir(), 'p3do-cells-'));
  undoing.add(async () => rm(folder, { recursive: true, force: true }));
  now = NOW;
});
afterEach(() => undoing.run());

async function open() {
  const opened = await KeptCells.open(folder, () => now);
  undoing.add(() => opened.kept.close());
  return opened;
}

/** A process that is to be killed, and its lines. */
function life(secret: Uint8Array): { readonly child: ChildProcess; readonly lines: Interface } {
  const child = spawn(process.execPath, [program, folder, hexOf(secret)], { stdio: ['pipe', 'pipe', 'inherit'] });
  undoing.add(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  return { child, lines: createInterface({ input: child.stdout }) };
}

/** A cell with one layer for this key, in hexadecimal. */
function cellFor(publicKey: Uint8Array, text: string): string {
  const packet = textBytes(`:_target\tpsyc://a.test/~bob\n\n_message_private\n${text}\n|\n`);
  const whom = { kind: 'server', key: publicKey, pair: newPair(suite, suite.random) } as const;
  const route = [{ whom, delayMs: 0, isDeposit: false }];
  const { onion } = sealOnion(suite, route, 'exit', packet, Math.floor(Date.now() / 1000), suite.random);
  return hexOf(bareCell(onion, envelopeFiller(suite, suite.random)));
}

test('a cell that came out before kill -9 does not come out after it', async () => {
  const { secret, publicKey } = pairOf(suite, suite.random(32));
  const [first, second] = [cellFor(publicKey, 'first'), cellFor(publicKey, 'second')];
  const one = life(secret);
  one.child.stdin!.write(`${first}\n`);
  expect(await once(one.lines, 'line')).toEqual(['first']);
  const over = once(one.child, 'exit');
  one.child.kill('SIGKILL');
  await over;
  const other = life(secret);
  other.child.stdin!.write(`${first}\n${second}\n`);
  // Cells come out in the order in which they went in: the first, if at all, before the second.
  expect(await once(other.lines, 'line')).toEqual(['second']);
});

test('tags, marks and secrets are there in the next life; a burnt secret is nowhere on the disk', async () => {
  const { kept } = await open();
  const key = hexOf(sixteen(7));
  const tags = [
    { key, tag: sixteen(1), untilSeconds: NOW + 10 },
    { key, tag: sixteen(2), untilSeconds: null },
  ];
  const marks = [{ mark: sixteen(3), untilSeconds: NOW + 10 }];
  const deposits = [4, 5].map((fill) => ({ secret: secretOf(fill), untilSeconds: NOW + 10 }));
  await kept.remember({ ...nothing, tags, marks, deposits });
  await kept.remember({ ...nothing, burnt: [secretOf(4)], deposits: [{ secret: secretOf(6), untilSeconds: NOW + 9 }] });
  await kept.forget([secretOf(5)]);
  const { loaded } = await open();
  expect(loaded).toEqual({ tags, marks, slots: [{ secret: secretOf(6), untilSeconds: NOW + 9 }] });
  const slots = await readFile(join(folder, 'slots'));
  expect(slots).toHaveLength(80);
  for (const fill of [4, 5]) expect(slots.includes(Buffer.from(secretOf(fill)))).toBe(false);
  if (process.platform !== 'win32') {
    for (const name of ['slots', 'traces']) expect((await stat(join(folder, name))).mode & 0o077).toBe(0);
  }
});

test('what is over goes, and what a destroyed key had opened; a trace that a crash cut off is none', async () => {
  const { kept } = await open();
  const [one, other] = [hexOf(sixteen(8)), hexOf(sixteen(9))];
  await kept.remember({
    ...nothing,
    tags: [
      { key: one, tag: sixteen(1), untilSeconds: null },
      { key: other, tag: sixteen(2), untilSeconds: NOW + 1 },
      { key: other, tag: sixteen(3), untilSeconds: NOW + 2 },
    ],
  });
  await kept.forgetKey(one);
  await appendFile(join(folder, 'traces'), new Uint8Array(39).fill(1));
  now = NOW + 1;
  const { loaded } = await open();
  expect(loaded.tags).toEqual([{ key: other, tag: sixteen(3), untilSeconds: NOW + 2 }]);
  expect((await stat(join(folder, 'traces'))).size).toBe(40);
});

test('a file that has grown is written anew while the server runs', async () => {
  const { kept } = await open();
  const tag = (number: number, untilSeconds: number) => {
    const bytes = sixteen(0);
    new DataView(bytes.buffer).setUint32(0, number);
    return { key: hexOf(sixteen(7)), tag: bytes, untilSeconds };
  };
  const many = Array.from({ length: 9_999 }, (_, at) => tag(at, NOW + 1));
  await kept.remember({ ...nothing, tags: many });
  expect((await stat(join(folder, 'traces'))).size).toBe(40 * 9_999);
  now = NOW + 1;
  await kept.remember({ ...nothing, tags: [tag(10_000, NOW + 5)] });
  expect((await stat(join(folder, 'traces'))).size).toBe(40);
});
