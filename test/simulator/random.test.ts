/** The seeded generator: the reference's numbers, fair integers, an exact exponential, streams that do not shift each other. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Random, seedMax } from '../../simulator/random.ts';

const words = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.word());

test("the generator is the reference implementation's xoshiro128** 1.1", () => {
  // First outputs of http://xoshiro.di.unimi.it/xoshiro128starstar.c from the state 1, 2, 3, 4.
  expect(words(new Random([1, 2, 3, 4]), 10)).toEqual([
    11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
  ]);
  expect(() => new Random([0, 0, 0, 0])).toThrow(RangeError);
});

test('seeds and names make the streams that they always made', () => {
  expect(words(Random.of(7n, 'world'), 3)).toEqual(words(Random.of(7n, 'world'), 3));
  expect(words(Random.of(7n, 'world'), 3)).toEqual([2770681760, 273756786, 1325269000]);
  expect(words(Random.of(seedMax, 'world').stream('network'), 3)).toEqual([2697649615, 2277146535, 2060584072]);
});

test('streams of other seeds, names and depths are other streams; what was drawn before does not matter', () => {
  const starts = [
    Random.of(1n, 'a'),
    Random.of(2n, 'a'),
    Random.of(1n + 2n ** 32n, 'a'),
    Random.of(1n, 'b'),
    Random.of(1n, 'a').stream('b'),
    Random.of(1n, 'ab'),
  ].map((random) => words(random, 4).join());
  expect(new Set(starts).size).toBe(starts.length);
  const drawn = Random.of(1n, 'a');
  words(drawn, 100);
  expect(words(drawn.stream('b'), 4)).toEqual(words(Random.of(1n, 'a').stream('b'), 4));
});

test.each([-1n, seedMax + 1n])('%s is no seed', (seed) => {
  expect(() => Random.of(seed, '')).toThrow(RangeError);
});

test('whole numbers are within their bounds, and all of them come', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: seedMax }), fc.integer({ min: 1, max: 2 ** 31 }), (seed, below) => {
      const random = Random.of(seed, '');
      for (let i = 0; i < 20; i++) expect(random.below(below)).toBeLessThan(below);
      expect(random.between(1 - below, 0)).toBeGreaterThan(-below);
    }),
  );
  const counts = [0, 0, 0, 0, 0, 0, 0];
  const random = Random.of(1n, 'dice');
  for (let i = 0; i < 70_000; i++) counts[random.below(7)]!++;
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(400);
  expect(Random.of(1n, '').below(2 ** 32)).toBeLessThan(2 ** 32);
  for (const wrong of [0, -1, 0.5, 2 ** 32 + 1]) expect(() => random.below(wrong)).toThrow(RangeError);
});

test('a bias that the remainder alone would have does not show', () => {
  // Below 3 * 2^30 the plain remainder gives the lower third twice as often.
  const random = Random.of(2n, 'bias');
  let low = 0;
  for (let i = 0; i < 30_000; i++) if (random.below(3 * 2 ** 30) < 2 ** 30) low++;
  expect(Math.abs(low - 10_000)).toBeLessThan(400);
});

test('chance is as likely as it says, never at 0 and always at 1', () => {
  const random = Random.of(3n, 'chance');
  let times = 0;
  for (let i = 0; i < 40_000; i++) if (random.chance(0.25)) times++;
  expect(Math.abs(times - 10_000)).toBeLessThan(400);
  for (let i = 0; i < 1000; i++) expect([random.chance(0), random.chance(1)]).toEqual([false, true]);
});

test('the exponential has its mean, its variance and no memory', () => {
  const random = Random.of(4n, 'exponential');
  const drawn = Array.from({ length: 100_000 }, () => random.exponential(1_000_000));
  const mean = drawn.reduce((sum, one) => sum + one, 0) / drawn.length;
  const variance = drawn.reduce((sum, one) => sum + (one - mean) ** 2, 0) / drawn.length;
  expect(mean / 1_000_000).toBeCloseTo(1, 2);
  expect(variance / 1_000_000 ** 2).toBeCloseTo(1, 1);
  // P(X > 1) = 1/e = 0.3679, and so is P(X > 2 | X > 1).
  const over = (least: number): number => drawn.filter((one) => one > least * 1_000_000).length;
  expect(over(1) / drawn.length).toBeCloseTo(0.3679, 2);
  expect(over(2) / over(1)).toBeCloseTo(0.3679, 2);
  expect(drawn.every(Number.isSafeInteger)).toBe(true);
});

test('a shuffle keeps everything, and every order comes as often', () => {
  const random = Random.of(5n, 'shuffle');
  const orders = new Map<string, number>();
  for (let i = 0; i < 6000; i++) {
    const order = random.shuffle(['a', 'b', 'c']).join('');
    orders.set(order, (orders.get(order) ?? 0) + 1);
  }
  expect([...orders.keys()].sort()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
  for (const count of orders.values()) expect(Math.abs(count - 1000)).toBeLessThan(120);
});
