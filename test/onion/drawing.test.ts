/** Routes and draws: uniform over servers, never two of one owner, waiting times exponential, keys that all use. */
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { drawBelow, drawExponential } from '../../onion/chance.ts';
import { drawRoute, type Station } from '../../onion/route.ts';
import { suite } from '../../server/suite.ts';

const NOW = 1_795_000_000_000;
const HOUR = 3_600_000;

const station = (domain: string, group = domain, beginsMs = 0): Station => ({
  domain,
  group,
  keys: [{ publicKey: suite.random(32), beginsMs }],
});
const last = station('last.example');
const keysOf = (stations: readonly Station[], layers: number): string[] | null =>
  drawRoute(suite, stations, layers, last, NOW)?.map(({ whom }) => ('key' in whom ? hexOf(whom.key) : '')) ?? null;

test('whole numbers are uniform, times exponential', () => {
  const counts = [0, 0, 0];
  for (let time = 0; time < 9000; time++) counts[drawBelow(suite.random, 3)]!++;
  for (const count of counts) expect(Math.abs(count - 3000)).toBeLessThan(230);
  const times = Array.from({ length: 20_000 }, () => drawExponential(suite.random, 200));
  expect(Math.abs(times.reduce((sum, time) => sum + time) / times.length - 200)).toBeLessThan(8);
  // Half of them are above the mean times ln 2.
  const above = times.filter((time) => time > 200 * Math.log(2)).length;
  expect(Math.abs(above - 10_000)).toBeLessThan(400);
  expect(() => drawBelow(suite.random, 0)).toThrow(RangeError);
});

test('every server is drawn alike, the last is the one that was asked for', () => {
  const stations = ['a', 'b', 'c', 'd'].map((name) => station(`${name}.example`));
  const counts = new Map<string, number>();
  for (let time = 0; time < 1000; time++) {
    const keys = keysOf(stations, 3)!;
    expect(keys[2]).toBe(hexOf(last.keys[0]!.publicKey));
    expect(new Set(keys).size).toBe(3);
    for (const key of keys.slice(0, 2)) counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  for (const count of counts.values()) expect(Math.abs(count - 500)).toBeLessThan(90);
});

test('never two of one owner; where none is left, or the number is wrong, there is no route', () => {
  const ours = [station('a.own.example', 'own.example'), station('b.own.example', 'own.example')];
  expect(keysOf(ours, 2)).not.toBeNull();
  expect(keysOf(ours, 3)).toBeNull();
  expect(keysOf([station('x.last.example', 'last.example')], 2)).toBeNull();
  const many = Array.from({ length: 9 }, (_, index) => station(`${index}.example`));
  expect([keysOf(many, 1), keysOf(many, 6), keysOf(many, 5)?.length]).toEqual([null, null, 5]);
});

test('a key is used an hour after it began, and then no other; waiting times fit a block, the last hop does not wait', () => {
  const [old, young, next] = [0, NOW - HOUR, NOW - HOUR + 1].map((beginsMs) => ({
    publicKey: suite.random(32),
    beginsMs,
  }));
  const used = (keys: Station['keys']): string => keysOf([{ domain: 'a.example', group: 'a.example', keys }], 2)![0]!;
  expect(used([next!, young!, old!])).toBe(hexOf(young!.publicKey));
  expect(used([next!, old!])).toBe(hexOf(old!.publicKey));
  expect(used([next!])).toBe(hexOf(next!.publicKey));
  const delays = Array.from({ length: 500 }, () =>
    drawRoute(suite, [station('a.example')], 2, last, NOW)!.map(({ delayMs }) => delayMs),
  );
  expect(delays.every(([first, second]) => first! % 10 === 0 && first! <= 60_000 && second === 0)).toBe(true);
  expect(delays.some(([first]) => first! > 300)).toBe(true);
});
