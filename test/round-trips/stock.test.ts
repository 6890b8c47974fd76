/** The stock of one-time secrets: filled task by task, tickets over different servers, of no lower level, nothing used twice, nothing stale. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hexOf } from '../../crypto/bytes.ts';
import { Stock, type StockSecret, type StockServer, type StockTask, type StockWish } from '../../round-trips/stock.ts';
import { stockLimits } from '../../round-trips/stock-limits.ts';
import { suite } from '../../server/suite.ts';

const NOW = 1_795_000_000;
const WEEK = 7 * 86_400;
const servers: StockServer[] = ['a', 'b', 'c', 'd', 'e'].map((name) => ({
  domain: `${name}.test`,
  group: `${name}.test`,
}));
const stockOf = (kept: readonly StockSecret[] = []): Stock => new Stock(suite.random, kept);
const secretAt = (at: StockServer, level = 0, expiry = NOW + WEEK): StockSecret => ({
  ...at,
  secret: suite.random(32),
  level,
  origin: hexOf(suite.random(8)),
  expiry,
});

/** Does tasks until there are none; gives them. `fails`: which are lost. */
function filled(stock: Stock, wish: StockWish, fails: () => boolean = () => false, at = servers): StockTask[] {
  const tasks: StockTask[] = [];
  for (let task = stock.next(wish, at, NOW); task !== null && tasks.length < 5000; task = stock.next(wish, at, NOW)) {
    tasks.push(task);
    if (!fails()) stock.add(secretAt(task.at, task.kind === 'deposit' ? 0 : task.level));
  }
  return tasks;
}

describe.each([0, 1, 2, 3])('level %d', (level) => {
  const wish = { level, hops: 3, tickets: 4 };

  test('is filled, each secret of level n over n + 1 of the level below, all at servers of other owners, and gives its tickets', () => {
    const stock = stockOf();
    const tasks = filled(stock, wish);
    expect(stock.tickets(wish, NOW)).toBe(4);
    for (const task of tasks) {
      if (task.kind !== 'agree') continue;
      expect(task.over.map((secret) => secret.level)).toEqual(
        Array.from({ length: task.level + 1 }, () => task.level - 1),
      );
      const owners = [task.at.group, ...task.over.map(({ group }) => group)];
      expect(new Set(owners).size).toBe(task.level + 2);
    }
    // A secret of level n costs n + 1 of the level below, and what those cost.
    const costs = [1, 3, 10, 41];
    const wanted = stock.all.filter((secret) => secret.level === level).length;
    expect(tasks.length).toBeLessThanOrEqual((wanted + 6) * costs[level]!);
    const seen = new Set<string>();
    for (let ticket = 0; ticket < 8; ticket++) {
      const taken = stock.take(wish, NOW)!;
      expect(new Set(taken.map(({ group }) => group)).size).toBe(3);
      for (const { secret, level: of } of taken) {
        expect([of, seen.has(hexOf(secret))]).toEqual([level, false]);
        seen.add(hexOf(secret));
      }
      filled(stock, wish);
    }
  });

  test('is filled also where a third of the round trips are lost', () => {
    const stock = stockOf();
    filled(stock, wish, () => suite.random(1)[0]! < 85);
    expect(stock.tickets(wish, NOW)).toBe(4);
  });
});

test('dry: no ticket of a lower level, nor of too few servers, nor of two secrets of one origin', () => {
  const wish = { level: 1, hops: 3, tickets: 1 };
  const [a, b, c] = servers;
  const lower = stockOf([a!, b!, c!].map((at) => secretAt(at, 0)));
  expect([lower.take(wish, NOW), lower.all.length]).toEqual([null, 3]);
  const few = stockOf([a!, a!, b!, b!].map((at) => secretAt(at, 1)));
  expect([few.take(wish, NOW), few.all.length]).toEqual([null, 4]);
  const joined = stockOf([a!, b!, c!].map((at) => ({ ...secretAt(at, 1), origin: 'one onion' })));
  expect([joined.take(wish, NOW), joined.all.length]).toEqual([null, 3]);
});

test('what is nearly over is not used, and replaced', () => {
  const wish = { level: 0, hops: 2, tickets: 1 };
  const edge = NOW + stockLimits.leastSeconds;
  const stock = stockOf(servers.map((at) => secretAt(at, 0, edge)));
  expect([stock.tickets(wish, NOW - 1), stock.tickets(wish, NOW), stock.take(wish, NOW)]).toEqual([2, 0, null]);
  expect(filled(stock, wish)).toHaveLength(2);
  stock.tidy(NOW);
  expect(stock.all).toHaveLength(2);
});

test('servers are drawn evenly, whoever keeps more', () => {
  const [a, b, c] = servers;
  const counts = new Map<string, number>();
  for (let draw = 0; draw < 600; draw++) {
    const stock = stockOf([...Array.from({ length: 8 }, () => secretAt(a!)), secretAt(b!), secretAt(c!)]);
    const [first] = stock.take({ level: 0, hops: 1 }, NOW)!;
    counts.set(first!.group, (counts.get(first!.group) ?? 0) + 1);
  }
  // 200 each, with a spread of 12.
  for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(70);
});

test('the count of tickets is what can be taken, when they are taken with care', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(5), { minLength: 4, maxLength: 4 }), fc.integer({ min: 1, max: 4 }), (each, hops) => {
      const stock = stockOf(each.flatMap((count, at) => Array.from({ length: count }, () => secretAt(servers[at]!))));
      const counts = [...each];
      let best = 0;
      for (;;) {
        counts.sort((one, other) => other - one);
        if (counts[hops - 1]! === 0) break;
        for (let at = 0; at < hops; at++) counts[at]!--;
        best++;
      }
      expect(stock.tickets({ level: 0, hops }, NOW)).toBe(best);
    }),
  );
});

test('kept and read again; never two of one; no more than may be', () => {
  const one = secretAt(servers[0]!);
  const stock = stockOf([one, one]);
  expect([stock.all, stock.add(one)]).toEqual([[one], false]);
  const many = stockOf(Array.from({ length: stockLimits.secretsMax + 5 }, () => secretAt(servers[0]!)));
  expect(many.all).toHaveLength(stockLimits.secretsMax);
  expect(many.next({ level: 1, hops: 2, tickets: 2 }, servers, NOW)).toBeNull();
});

test('too few servers: nothing is done for ever', () => {
  const wish = { level: 1, hops: 2, tickets: 1 };
  expect(stockOf().next(wish, [], NOW)).toBeNull();
  expect(stockOf().next(wish, servers.slice(0, 1), NOW)).toBeNull();
  for (const [level, owners] of [3, 3, 4, 5].entries()) {
    const deep = { ...wish, level };
    expect(stockOf().next(deep, servers.slice(0, owners - 1), NOW)).toBeNull();
    expect(stockOf().next(deep, servers.slice(0, owners), NOW)).toMatchObject({ kind: 'deposit' });
  }
});
