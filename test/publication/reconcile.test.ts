/** Reconciliation: both sides know what differs, whatever the sets, within bounds of bytes and rounds; frames are negentropy's. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { bytesOfHex, hexOf, uint32 } from '../../crypto/bytes.ts';
import { ReconciliationError } from '../../publication/reconcile/error.ts';
import { varint } from '../../publication/reconcile/frame.ts';
import { IdSet } from '../../publication/reconcile/id-set.ts';
import type { Item } from '../../publication/reconcile/item.ts';
import { reconciliationLimits } from '../../publication/reconcile/limits.ts';
import { answerFrame, fingerprintOf, Reconciliation } from '../../publication/reconcile/reconcile.ts';
import { suite } from '../../server/suite.ts';

interface NostrStorage {
  insert(timeMs: number, id: string): void;
  seal(): void;
}
interface NostrReconciliation {
  initiate(): string;
  reconcile(answer: string, have: (id: string) => void, need: (id: string) => void): string | null;
}
// The package has it, and does not export it.
const inside = createRequire(import.meta.url).resolve('nostr-tools');
const { Negentropy, NegentropyStorageVector } = (await import(
  new URL('../esm/nip77.js', pathToFileURL(inside)).href
)) as {
  readonly Negentropy: new (storage: NostrStorage, frameBytesMax?: number) => NostrReconciliation;
  readonly NegentropyStorageVector: new () => NostrStorage;
};

interface Vector {
  readonly what: string;
  /** How many items each side has, as `numbered` makes them: from, to. */
  readonly mine: readonly [number, number];
  readonly theirs: readonly [number, number];
  readonly frames: readonly string[];
}
interface BadVector {
  readonly what: string;
  readonly frame: string;
  readonly code: string;
}
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/publication/reconciliation.json', import.meta.url), 'utf8'),
) as { readonly exchanges: readonly Vector[]; readonly invalid: readonly BadVector[] };

const made = new Map<number, Item>();

/** Item `number`: an id that is spread, seven of them in one millisecond. */
function numbered(number: number): Item {
  const item = made.get(number) ?? {
    timeMs: 1_760_000_000_000 + Math.floor(number / 7),
    id: suite.blake2b(uint32(number), 32),
  };
  made.set(number, item);
  return item;
}
const range = (from: number, to: number): Item[] =>
  Array.from({ length: to - from }, (_, index) => numbered(from + index));

function setOf(items: Iterable<Item>): IdSet {
  const set = new IdSet();
  for (const item of items) set.add(item);
  return set;
}

/** Both sides talk until who began knows all. */
function talk(mine: IdSet, theirs: IdSet, frameBytesMax?: number) {
  const reconciliation = new Reconciliation(suite, mine, frameBytesMax);
  const have: string[] = [];
  const need: string[] = [];
  const frames: Uint8Array[] = [];
  for (let next: Uint8Array | null = reconciliation.begin(); next !== null; ) {
    const answer = answerFrame(suite, theirs, next, frameBytesMax);
    frames.push(next, answer);
    const told = reconciliation.read(answer);
    have.push(...told.have.map(hexOf));
    need.push(...told.need.map(hexOf));
    next = told.next;
  }
  return { have: [...new Set(have)].sort(), need: [...new Set(need)].sort(), frames };
}

const without = (items: readonly Item[], others: readonly Item[]): string[] => {
  const known = new Set(others.map(({ id }) => hexOf(id)));
  return items
    .map(({ id }) => hexOf(id))
    .filter((id) => !known.has(id))
    .sort();
};

const bytesIn = (frames: readonly Uint8Array[]): number => frames.reduce((bytes, { length }) => bytes + length, 0);

describe('a set', () => {
  test('is in order, finds, counts and sums as a plain array does', () => {
    const step = fc.tuple(fc.boolean(), fc.nat(1500));
    fc.assert(
      fc.property(fc.array(step, { minLength: 1000, maxLength: 2000 }), (steps) => {
        const set = new IdSet();
        const plain = new Set<number>();
        const wrong = steps.filter(([isThere, number]) => {
          const isChanged = isThere ? set.add(numbered(number)) : set.delete(numbered(number));
          const isNews = plain.has(number) !== isThere;
          if (isThere) plain.add(number);
          else plain.delete(number);
          return isChanged !== isNews || set.has(numbered(number)) !== isThere;
        });
        expect(wrong).toEqual([]);
        const name = ({ timeMs, id }: Item): string => `${timeMs} ${hexOf(id)}`;
        const sorted = Array.from(plain, (number) => name(numbered(number))).sort();
        const items = [...set.between(0, set.size)];
        expect(items.map(name).join('\n')).toBe(sorted.join('\n'));
        expect(items.filter(({ timeMs, id }, index) => set.rank({ timeMs, prefix: id }) !== index)).toEqual([]);
        const third = Math.floor(items.length / 3);
        // Long ones, none, and short ones, within blocks and across them.
        const ranges = [
          [third, items.length],
          [third, third],
          [items.length, items.length],
          [0, items.length],
        ];
        for (let at = 0; at + 9 <= items.length; at += 7) ranges.push([at, at + 9]);
        for (const [from, to] of ranges as [number, number][]) {
          const total = items.slice(from, to).reduce((sum, { id }) => sum + BigInt(`0x${hexOf(id.toReversed())}`), 0n);
          expect(hexOf(set.sum(from, to).reverse())).toBe((total % 2n ** 256n).toString(16).padStart(64, '0'));
        }
      }),
      { numRuns: 10 },
    );
  });

  test('has no place beyond its last, and takes no id of another length', () => {
    expect(() => setOf(range(0, 3)).at(3)).toThrow(RangeError);
    expect(() => new IdSet().add({ timeMs: 0, id: new Uint8Array(16) })).toThrow(RangeError);
    expect(() => new IdSet().add({ timeMs: 2 ** 53, id: new Uint8Array(32) })).toThrow(RangeError);
  });

  test('that shrinks keeps few blocks, and its sum', () => {
    const set = setOf(range(0, 5000));
    for (const item of range(0, 4990)) set.delete(item);
    expect(hexOf(fingerprintOf(suite, set, 0, 10))).toBe(hexOf(fingerprintOf(suite, setOf(range(4990, 5000)), 0, 10)));
  });
});

describe('reconciliation', () => {
  test.each(vectors.exchanges)('$what', ({ mine, theirs, frames }) => {
    expect(talk(setOf(range(...mine)), setOf(range(...theirs))).frames.map(hexOf)).toEqual(frames);
  });

  test('tells what differs, whatever the sets and frames', () => {
    const some = fc.uniqueArray(fc.nat(3000), { maxLength: 1000, size: 'max' });
    fc.assert(
      fc.property(some, some, some, fc.integer({ min: 4096, max: 65_536 }), (shared, left, right, bytes) => {
        const mine = [...new Set([...shared, ...left])].map(numbered);
        const theirs = [...new Set([...shared, ...right])].map(numbered);
        const { have, need, frames } = talk(setOf(mine), setOf(theirs), bytes);
        expect(have.join()).toBe(without(mine, theirs).join());
        expect(need.join()).toBe(without(theirs, mine).join());
        expect(Math.max(...frames.map(({ length }) => length))).toBeLessThanOrEqual(bytes);
      }),
      { numRuns: 20 },
    );
  });

  test('of 10 in 100,000 takes less than 64 KiB and few rounds', () => {
    const all = range(0, 100_000);
    const mine = setOf(all.filter((_, index) => index % 20_011 !== 7));
    const theirs = setOf(all.filter((_, index) => index % 20_011 !== 9_999));
    const { have, need, frames } = talk(mine, theirs);
    expect([have.length, need.length]).toEqual([5, 5]);
    expect(bytesIn(frames)).toBeLessThan(65_536);
    expect(frames.length).toBeLessThanOrEqual(8);
  });

  test('of all that there is ends within its rounds', () => {
    const { need, frames } = talk(new IdSet(), setOf(range(0, 20_000)));
    expect(need).toHaveLength(20_000);
    expect(bytesIn(frames)).toBeLessThan(20_000 * 34);
  });
});

describe('frames', () => {
  test.each(vectors.invalid)('$what: $code', ({ frame, code }) => {
    const bytes = bytesOfHex(frame)!;
    const answer = () => answerFrame(suite, setOf(range(0, 100)), bytes);
    const read = () => new Reconciliation(suite, setOf(range(0, 100))).read(bytes);
    for (const attempt of [answer, read]) expect(attempt).toThrow(expect.objectContaining({ code }));
  });

  test('of an enemy are refused by their code, or answered within bounds', () => {
    const set = setOf(range(0, 2000));
    const honest = new Reconciliation(suite, setOf(range(1000, 3000))).begin();
    const broken = fc.tuple(fc.nat(honest.length - 1), fc.nat(255)).map(([at, byte]) => honest.with(at, byte));
    const any = fc.uint8Array({ maxLength: 300 }).map((bytes) => Uint8Array.of(0x61, ...bytes));
    fc.assert(
      fc.property(fc.oneof(broken, any), (frame) => {
        try {
          expect(answerFrame(suite, set, frame, 4096).length).toBeLessThanOrEqual(4096);
        } catch (error) {
          expect(error).toBeInstanceOf(ReconciliationError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test('that are too long are not read', () => {
    const long = new Uint8Array(reconciliationLimits.frameBytesMax + 1).fill(0x61);
    expect(() => answerFrame(suite, new IdSet(), long)).toThrow(
      expect.objectContaining({ code: '_reconciliation_oversized_frame' }),
    );
    expect(() => answerFrame(suite, new IdSet(), long, 100)).toThrow(RangeError);
  });

  test('of a peer that never comes to an end are given up', () => {
    const reconciliation = new Reconciliation(suite, setOf(range(0, 1000)));
    const lie = Uint8Array.of(0x61, 0, 0, 1, ...new Uint8Array(16));
    expect(() => {
      for (let round = 0; round <= reconciliationLimits.roundsMax; round++) reconciliation.read(lie);
    }).toThrow(expect.objectContaining({ code: '_reconciliation_excessive_rounds' }));
  });

  test('have numbers as negentropy has', () => {
    expect([0, 127, 128, 300, 2 ** 40].map((value) => hexOf(varint(value)))).toEqual([
      '00',
      '7f',
      '8100',
      '822c',
      'a08080808000',
    ]);
  });
});

/** The same with a time below 2^31: theirs cuts numbers to 32 bits, since Nostr counts seconds. */
const early = ({ timeMs, id }: Item): Item => ({ timeMs: timeMs - 1_758_240_000_000, id });

/** Another implementation, which begins; ours answers. Returns what it has found out. */
function talkWithNostr(mine: readonly Item[], theirs: IdSet, frameBytesMax?: number) {
  const storage = new NegentropyStorageVector();
  for (const { timeMs, id } of mine) storage.insert(timeMs, hexOf(id));
  storage.seal();
  const negentropy = new Negentropy(storage, frameBytesMax);
  const have = new Set<string>();
  const need = new Set<string>();
  for (let next: string | null = negentropy.initiate(), rounds = 0; next !== null; rounds++) {
    expect(rounds).toBeLessThan(reconciliationLimits.roundsMax);
    const answer = answerFrame(suite, theirs, bytesOfHex(next)!, frameBytesMax);
    next = negentropy.reconcile(
      hexOf(answer),
      (id) => have.add(id),
      (id) => need.add(id),
    );
  }
  return { have: [...have].sort(), need: [...need].sort() };
}

describe('nostr-tools', () => {
  test('begins with the same frame', () => {
    for (const count of [0, 1, 31, 32, 1000]) {
      const storage = new NegentropyStorageVector();
      for (const { timeMs, id } of range(0, count).map(early)) storage.insert(timeMs, hexOf(id));
      storage.seal();
      const ours = new Reconciliation(suite, setOf(range(0, count).map(early))).begin();
      expect(hexOf(ours)).toBe(new Negentropy(storage).initiate());
    }
  });

  test('learns from our answers what differs', () => {
    const some = fc.uniqueArray(fc.nat(3000), { maxLength: 1000, size: 'max' });
    fc.assert(
      fc.property(some, some, fc.constantFrom(4096, 60_000), (left, right, bytes) => {
        const mine = left.map(numbered).map(early);
        const theirs = right.map(numbered).map(early);
        expect(talkWithNostr(mine, setOf(theirs), bytes)).toEqual({
          have: without(mine, theirs),
          need: without(theirs, mine),
        });
      }),
      { numRuns: 8 },
    );
  });
});
