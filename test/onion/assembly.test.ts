/** Messages put together: in any order, with losses, of hostile shards, and how much is kept of what never gets whole. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import { type Assembled, Assembly } from '../../onion/assembly.ts';
import { parseShard } from '../../onion/shard.ts';
import { shardLimits } from '../../onion/shard-limits.ts';
import { onionLimits } from '../../onion/limits.ts';
import { type Cut, cutMessage, PACKED } from '../../onion/split.ts';
import { gzip } from '../../server/gzip.ts';
import { suite } from '../../server/suite.ts';

const assembly = (limits = {}): Assembly => new Assembly(suite, gzip.unpack, { ...shardLimits, ...limits });
const cut = (bytes: number, sparePercent = 50): { message: Uint8Array; made: Cut } => {
  const message = suite.random(bytes);
  return { message, made: cutMessage(suite, message, suite.random, { sparePercent }) };
};
const contentsOf = ({ blocks }: Cut): Uint8Array[] => blocks.flatMap(({ contents }) => contents);
const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, key: suite.random(4).join() }))
    .sort((a, b) => (a.key < b.key ? -1 : 1))
    .map(({ item }) => item);
const addAll = (at: Assembly, contents: readonly Uint8Array[]): Assembled[] =>
  contents.map((content) => at.add(content, 0));
const flipped = (bytes: Uint8Array, at: number): Uint8Array =>
  bytes.map((byte, index) => (index === at ? byte ^ 1 : byte));

describe('whole', () => {
  test.each([0, 1, 3362, 3363, 20_000, 215_000, 430_433, shardLimits.messageBytesMax])(
    '%d bytes, in any order, every spare lost',
    (bytes) => {
      const { message, made } = cut(bytes);
      const enough = made.blocks.flatMap(({ m, contents }) => shuffled(contents).slice(0, m));
      const at = assembly();
      const came = addAll(at, shuffled(enough));
      expect(came.at(-1)).toMatchObject({ kind: 'whole', message });
      expect(came.filter(({ kind }) => kind === 'part')).toHaveLength(enough.length - 1);
      expect(at.size).toEqual({ messages: 0, bytes: 0 });
      expect(
        contentsOf(made).every((content) => content.length <= onionLimits.contentBytesMax && content[0] === 0),
      ).toBe(true);
    },
  );

  test('m - 1 of a block: not whole, and what lacks can be said', () => {
    const { made } = cut(300_000);
    const [first, second] = made.blocks;
    const at = assembly();
    addAll(at, first!.contents.slice(0, first!.m));
    expect(at.lacking(made.id)).toEqual([{ block: 1, lack: 1, there: [] }]);
    const last = addAll(at, second!.contents.slice(1, second!.m)).at(-1);
    expect(last).toEqual({ kind: 'part', id: made.id, have: first!.m + second!.m - 1, need: first!.m + second!.m });
    const there = Array.from({ length: second!.m - 1 }, (_, index) => index + 1);
    expect(at.lacking(made.id)).toEqual([{ block: 1, lack: 1, there }]);
    expect(at.add(second!.contents[0]!, 0).kind).toBe('whole');
    expect(at.lacking(made.id)).toBeNull();
  });

  test('twice the same, spares and late ones begin nothing', () => {
    const { made } = cut(10_000);
    const contents = contentsOf(made);
    const at = assembly();
    expect(at.add(contents[0]!, 0).kind).toBe('part');
    expect(at.add(contents[0]!, 0).kind).toBe('spare');
    addAll(at, contents);
    expect(at.add(contents.at(-1)!, 0).kind).toBe('spare');
    expect(at.size).toEqual({ messages: 0, bytes: 0 });
  });
});

describe('packing', () => {
  const text = textBytes(hexOf(suite.random(30_000)));

  test('saves shards, and is left where it saves none', () => {
    const packed = cutMessage(suite, text, suite.random, { gzip });
    expect(contentsOf(packed).length).toBeLessThan(contentsOf(cutMessage(suite, text, suite.random)).length);
    const noise = suite.random(text.length);
    const plain = cutMessage(suite, noise, suite.random, { gzip });
    for (const [made, message] of [
      [packed, text],
      [plain, noise],
    ] as const) {
      expect(addAll(assembly(), contentsOf(made)).find(({ kind }) => kind === 'whole')).toMatchObject({ message });
    }
  });

  test('never without the sender saying so', () => {
    expect(contentsOf(cutMessage(suite, text, suite.random))[0]!.length).toBeGreaterThan(3000);
  });

  test('a bomb, and what is no gzip, give nothing', () => {
    const bomb = gzip.pack(new Uint8Array(shardLimits.messageBytesMax));
    const honest = cutMessage(suite, new Uint8Array(shardLimits.messageBytesMax), suite.random, { gzip });
    expect(addAll(assembly(), contentsOf(honest)).some(({ kind }) => kind === 'whole')).toBe(true);
    for (const rest of [bomb, textBytes('no gzip'), new Uint8Array(0)]) {
      // A sender who says that it is packed, and packs more than he may.
      const made = cutMessage(
        {
          ...suite,
          chacha20poly1305Seal: (key, nonce, plain, aad) =>
            suite.chacha20poly1305Seal(key, nonce, joinBytes(new Uint8Array([PACKED]), plain.subarray(1)), aad),
        },
        rest,
        suite.random,
      );
      expect(addAll(assembly(), contentsOf(made)).at(0)).toEqual({ kind: 'refused', code: '_onion_spoilt_shard' });
    }
  });
});

describe('hostile', () => {
  test('one changed shard gives the block up; the right ones still give it', () => {
    const { message, made } = cut(10_000);
    const { m, contents } = made.blocks[0]!;
    for (const at of [30, 60]) {
      const to = assembly();
      const came = addAll(to, [flipped(contents[0]!, at), ...contents.slice(1, m)]);
      expect(came.at(-1)).toEqual({ kind: 'refused', code: '_onion_spoilt_shard' });
      expect(to.size.bytes).toBe(0);
      expect(addAll(to, contents).find(({ kind }) => kind === 'whole')).toMatchObject({ message });
    }
  });

  test('two messages swapped shards: what says something else of its block is refused', () => {
    const [one, other] = [cut(10_000), cut(5000)];
    const at = assembly();
    const named = (content: Uint8Array): Uint8Array =>
      joinBytes(content.subarray(0, 2), one.made.id, content.subarray(18));
    at.add(contentsOf(one.made)[0]!, 0);
    expect(at.add(named(contentsOf(other.made)[1]!), 0)).toEqual({ kind: 'refused', code: '_onion_spoilt_shard' });
    expect(addAll(at, contentsOf(one.made)).find(({ kind }) => kind === 'whole')).toMatchObject({
      message: one.message,
    });
  });

  test('every byte of the head changed, or cut off: never thrown, never a wrong message', () => {
    const { message, made } = cut(4000, 0);
    const [first, second] = contentsOf(made);
    fc.assert(
      fc.property(fc.nat(58), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = first!.map((byte, index) => (index === at ? byte ^ by : byte));
        const came = addAll(assembly(), [changed, second!]);
        expect(came.some(({ kind }) => kind === 'whole')).toBe(false);
      }),
    );
    for (let length = 0; length < first!.length; length += 13)
      expect(parseShard(first!.subarray(0, length))).toBeNull();
    expect(parseShard(joinBytes(first!, new Uint8Array(1)))).toBeNull();
    expect(addAll(assembly(), [first!, second!]).at(-1)).toMatchObject({ kind: 'whole', message });
  });

  test.each([
    ['version', 1, 2],
    ['block', 18, 1],
    ['blocks', 19, 9],
    ['m of 0', 20, 0],
    ['m above n', 20, 4],
    ['n below m', 21, 1],
    ['index', 22, 3],
  ])('refused by its head: %s', (_, at, value) => {
    const content = contentsOf(cut(4000).made)[0]!;
    const changed = content.map((byte, index) => (index === at ? value : byte));
    expect(assembly().add(changed, 0)).toEqual({ kind: 'refused', code: '_onion_invalid_shard' });
  });

  test('no more messages than may be: the one that waits longest gives way, and is told to be lost', () => {
    const few = assembly({ partedMax: 2 });
    const [one, two, three] = [cut(4000), cut(4000), cut(4000)];
    for (const { made } of [one, two, three]) expect(few.add(contentsOf(made)[0]!, 0).kind).toBe('part');
    expect(few.size.messages).toBe(2);
    expect(few.tidy(0)).toEqual([one.made.id]);
    expect(few.add(contentsOf(two.made)[1]!, 0)).toMatchObject({ kind: 'whole', message: two.message });
    expect(few.add(contentsOf(three.made)[1]!, 0)).toMatchObject({ kind: 'whole', message: three.message });
  });

  test('no more bytes than may be: others give way, and where there is no other it is refused', () => {
    const [one, two] = [cut(4000), cut(4000)];
    const little = assembly({ partedBytesMax: 3000 });
    expect(little.add(contentsOf(one.made)[0]!, 0).kind).toBe('part');
    expect(little.add(contentsOf(two.made)[0]!, 0).kind).toBe('part');
    expect(little.size.messages).toBe(1);
    const big = cut(10_000);
    const room = assembly({ partedBytesMax: 5000 });
    expect(room.add(contentsOf(big.made)[0]!, 0).kind).toBe('part');
    expect(room.add(contentsOf(big.made)[1]!, 0)).toEqual({ kind: 'refused', code: '_onion_excessive_shards' });
  });

  test('who fills it with beginnings keeps nobody out whose shards come', () => {
    const at = assembly({ partedMax: 64, partedBytesMax: 400_000 });
    const { message, made } = cut(30_000);
    const { m, contents } = made.blocks[0]!;
    const came = contents.slice(0, m).map((content) => {
      const one = at.add(content, 0);
      // Many more than there is room for altogether, and with two shards each a third of them.
      for (let other = 0; other < 30; other++) {
        const hostile = contentsOf(cut(4000).made);
        at.add(hostile[0]!, 0);
      }
      for (let other = 0; other < 10; other++) {
        for (const hostile of contentsOf(cut(8000).made).slice(0, 2)) at.add(hostile, 0);
      }
      return one;
    });
    expect(came.at(-1)).toMatchObject({ kind: 'whole', message });
    expect(at.size.messages).toBeLessThanOrEqual(64);
    expect(at.size.bytes).toBeLessThanOrEqual(400_000);
  });

  test('of what came whole the oldest is forgotten, and no more is remembered than may be', () => {
    const at = assembly({ partedMax: 2 });
    const made = [cut(100), cut(100), cut(100)].map((one) => contentsOf(one.made)[0]!);
    for (const content of made) expect(at.add(content, 0).kind).toBe('whole');
    expect(at.add(made[2]!, 0).kind).toBe('spare');
    expect(at.add(made[1]!, 0).kind).toBe('spare');
    expect(at.add(made[0]!, 0).kind).toBe('whole');
  });

  test('the smallest shards take no more memory than is counted: each has its price, and none holds the cell it came in', () => {
    const at = assembly({ partedBytesMax: 10_000 });
    // A block of one byte of which 64 shards are needed: a byte of data each.
    const smallest = Uint8Array.from(
      { length: 60 },
      (_, index) => ({ 1: 1, 19: 1, 20: 64, 21: 255, 26: 1 })[index] ?? 0,
    );
    const shards = Array.from({ length: 63 }, (_, index) => smallest.map((byte, at) => (at === 22 ? index : byte)));
    expect(addAll(at, shards).filter(({ kind }) => kind === 'part')).toHaveLength(17);
    expect(at.size.bytes).toBeLessThanOrEqual(10_000);
    const { message, made } = cut(4000, 0);
    const cells = contentsOf(made).map((content) => joinBytes(content, new Uint8Array(50)));
    const whole = assembly();
    const came = cells.map((cell) => {
      const one = whole.add(cell.subarray(0, -50), 0);
      cell.fill(0);
      return one;
    });
    expect(came.at(-1)).toMatchObject({ kind: 'whole', message });
  });

  test('what nothing comes of is forgotten, and its reader hears of it', () => {
    const at = assembly();
    const { made } = cut(10_000);
    const [first, second] = contentsOf(made);
    at.add(first!, 0);
    at.add(second!, shardLimits.partsMs - 1);
    expect(at.tidy(shardLimits.partsMs)).toEqual([]);
    expect(at.tidy(2 * shardLimits.partsMs)).toEqual([made.id]);
    expect(at.size).toEqual({ messages: 0, bytes: 0 });
    const whole = cut(100).made;
    addAll(at, contentsOf(whole));
    at.tidy(shardLimits.partsMs);
    expect(at.add(contentsOf(whole)[0]!, 0).kind).toBe('whole');
  });
});
