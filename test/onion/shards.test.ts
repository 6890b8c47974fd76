/** Shards: the vectors, zfec and libgfshare as second opinions, any m of n, what fewer say, and what hostile ones do. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { rebuild, spareOf } from '../../onion/erasure.ts';
import { OnionError } from '../../onion/error.ts';
import type { Random } from '../../onion/keys.ts';
import { joinShares, shareKey } from '../../onion/secret-sharing.ts';
import { shardLimits } from '../../onion/shard-limits.ts';
import { cutMessage } from '../../onion/split.ts';
import { suite as fastest } from '../../server/suite.ts';
import { suites } from '../crypto/vectors.ts';
import { needs, onPath } from '../needs.ts';
import { digestOf, readVectors, streamOf, unhex } from './vectors.ts';

interface ShardVector {
  readonly name: string;
  readonly seed: string;
  readonly message: { readonly seed: string; readonly bytes: number };
  readonly sparePercent: number;
  readonly id: string;
  readonly blocks: readonly { readonly key: string; readonly m: number; readonly digests: readonly string[] }[];
}

const { messages } = readVectors<{ messages: ShardVector[] }>('shards.json');

/** Draws from one stream, piece after piece. */
function drawsOf(seed: string, length = 100_000): Random {
  const stream = streamOf(fastest, seed, length);
  let at = 0;
  return (bytes) => stream.slice(at, (at += bytes));
}

/** Some of many, in a random order, by one number. */
function someOf<T>(items: readonly T[], count: number, seed: number): T[] {
  const order = streamOf(fastest, seed.toString(16).padStart(64, '0'), 4 * items.length);
  const keys = new Uint32Array(order.buffer, order.byteOffset, items.length);
  return items
    .map((item, at) => ({ item, key: keys[at]! }))
    .sort((a, b) => a.key - b.key)
    .slice(0, count)
    .map(({ item }) => item);
}

const PYTHON = '/usr/bin/python3';
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

function hasZfec(): boolean {
  try {
    execFileSync(PYTHON, ['-c', 'import zfec, cryptography'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

describe.each(suites)('the vectors, by %s', (_, suite) => {
  test.each(messages.map((message) => [message.name, message] as const))('%s', (__, vector) => {
    const { seed, message, sparePercent, id, blocks } = vector;
    const cut = cutMessage(suite, streamOf(suite, message.seed, message.bytes), drawsOf(seed), { sparePercent });
    expect(cut.id).toEqual(unhex(id));
    expect(
      cut.blocks.map(({ m, contents }) => ({ m, digests: contents.map((content) => digestOf(suite, content)) })),
    ).toEqual(blocks.map(({ m, digests }) => ({ m, digests })));
  });
});

needs({ name: 'zfec for Python', apt: 'python3-zfec', probe: hasZfec })(
  'in Python, written from the page alone',
  () => {
    test('the same shards, with the pieces of zfec', () => {
      const said = execFileSync(PYTHON, ['-B', path('shards.py'), path('../vectors/onion/shards.json')], {
        encoding: 'utf8',
      });
      expect(said).toBe(
        `${messages.length} messages, ${messages.flatMap(({ blocks }) => blocks.flatMap(({ digests }) => digests)).length} shards\n`,
      );
    });
  },
);

needs({ name: 'libgfshare', apt: 'libgfshare-bin', probe: () => onPath('gfsplit') && onPath('gfcombine') })(
  'libgfshare',
  () => {
    test('puts our shares together, and we put its together', () => {
      const folder = mkdtempSync(join(tmpdir(), 'p3do-shares-'));
      try {
        const key = fastest.random(32);
        const shares = shareKey(key, 3, 5, fastest.random);
        const names = [4, 1, 3].map((at) => {
          const name = join(folder, `ours.${String(at + 1).padStart(3, '0')}`);
          writeFileSync(name, shares[at]!);
          return name;
        });
        execFileSync('gfcombine', ['-o', join(folder, 'key'), ...names]);
        expect(new Uint8Array(readFileSync(join(folder, 'key')))).toEqual(key);
        execFileSync('gfsplit', ['-n', '3', '-m', '6', join(folder, 'key'), join(folder, 'theirs')]);
        const theirs = readdirSync(folder).filter((name) => name.startsWith('theirs.'));
        expect(theirs).toHaveLength(6);
        const three = theirs.slice(2, 5).map((name) => ({
          point: Number(name.slice(-3)),
          value: new Uint8Array(readFileSync(join(folder, name))),
        }));
        expect(joinShares(three)).toEqual(key);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  },
);

describe('pieces and shares', () => {
  test('any m of n give the whole', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 64 }), fc.nat(40), fc.nat(200), fc.nat(), (m, spare, bytes, seed) => {
        const first = Array.from({ length: m }, () => fastest.random(bytes));
        const all = [...first, ...spareOf(first, m + spare)].map((data, index) => ({ index, data }));
        expect(rebuild(someOf(all, m, seed))).toEqual(first);
        const key = fastest.random(32);
        const shares = shareKey(key, m, m + spare, fastest.random).map((value, index) => ({ point: index + 1, value }));
        expect(joinShares(someOf(shares, m, seed))).toEqual(key);
      }),
    );
  });

  test('as many as the field has', () => {
    const first = Array.from({ length: 64 }, () => fastest.random(3));
    const all = [...first, ...spareOf(first, shardLimits.shardsMax)].map((data, index) => ({ index, data }));
    expect(rebuild(all.slice(-64))).toEqual(first);
  });

  test('fewer shares than m go with every key, each as well: they say nothing', () => {
    const key = fastest.random(32);
    const shares = shareKey(key, 4, 6, fastest.random).map((value, index) => ({ point: index + 1, value }));
    const three = someOf(shares, 3, 7);
    const lacking = 9;
    // Whatever the fourth is, there is one key for it; and another for each other.
    const keys = Array.from({ length: 256 }, (_, byte) =>
      joinShares([...three, { point: lacking, value: new Uint8Array(32).fill(byte) }]),
    );
    for (let at = 0; at < 32; at++) expect(new Set(keys.map((found) => found[at])).size).toBe(256);
  });

  test('coefficients are drawn afresh: the same key has other shares each time', () => {
    const key = fastest.random(32);
    const [one, other] = [shareKey(key, 2, 3, fastest.random), shareKey(key, 2, 3, fastest.random)];
    for (const at of [0, 1, 2]) expect(one[at]).not.toEqual(other[at]);
  });
});

test('a message that is too big is refused to its sender', () => {
  const message = new Uint8Array(shardLimits.messageBytesMax + 1);
  expect(() => cutMessage(fastest, message, fastest.random)).toThrow(OnionError);
});
