/** Ways there over one-time secrets: no layer for a key, nothing weaker where secrets lack, none used twice, and the same for who seals by himself. */
import { expect, test } from '@jest/globals';
import { sealOnion } from '../../onion/seal.ts';
import { render } from '../../psyc/render.ts';
import { suite as real } from '../../server/suite.ts';
import { bytesOf } from '../../simulator/net/network.ts';
import { Random } from '../../simulator/random.ts';
import { AskingTown } from '../../simulator/round-trips/town.ts';
import type { StockWish } from '../../round-trips/stock.ts';

/** Whose chance is the same each time. */
const suite = { ...real, random: bytesOf(Random.of(7n, 'routes')) };
const HOUR = 3_600_000;
const WISH = { hops: 3, level: 0, there: 'secrets' } as const;
const NONE = { hops: 3, level: 0, tickets: 0 };
const townOf = (wish: StockWish = NONE, names?: readonly string[]): AskingTown => new AskingTown(suite, wish, names);

function asked(town: AskingTown, trip: string, wish: Parameters<AskingTown['ask']>[1] = WISH) {
  town.ask(trip, wish);
  town.run(HOUR, () => town.told.has(trip));
  return town.told.get(trip)!;
}

/** A town whose asker has fetched so much, and fetches nothing more by himself. */
function stocked(tickets: number, routes: number, level = 0): AskingTown {
  const town = townOf({ hops: 3, level, tickets, routes });
  town.run(300_000);
  town.wish = NONE;
  town.restart();
  return town;
}

test('a question over secrets goes to no server that opens it with a key, and says so; over keys it says that', () => {
  const town = stocked(4, 4);
  const layers = { ...town.opened };
  const passed = () => [town.opened.keys - layers.keys, town.opened.secrets - layers.secrets];
  const how = { hopsThere: 3, hopsBack: 3, level: 0, attempts: 1 };
  expect(asked(town, 'one')).toMatchObject({ kind: 'answer', how: { ...how, there: 'secrets' } });
  expect(passed()).toEqual([0, 6]);
  expect(asked(town, 'two', { hops: 3, level: 0 })).toMatchObject({ kind: 'answer', how: { ...how, there: 'keys' } });
  expect(passed()).toEqual([3, 9]);
});

test('where there is too little it is told so, and fetched, at the server too that is asked', () => {
  const town = townOf();
  expect(asked(town, 'one')).toMatchObject({ kind: 'answer', how: { there: 'secrets' } });
  expect(town.dry).toEqual(new Set(['one']));
  expect(town.used.twice).toBe(0);
});

test('where none come it ends dry, with tickets enough for an answer, and nobody has been asked over keys', () => {
  const town = stocked(2, 2, 1);
  town.kept = town.kept.filter(({ domain }) => domain !== 'b.test');
  town.restart();
  town.agrees = false;
  expect(asked(town, 'one', { ...WISH, level: 1 })).toEqual(
    expect.objectContaining({ kind: 'failure', code: '_trip_dry' }),
  );
  expect(town.served.size).toBe(0);
});

test('cells lost and a client that dies: asked again over other secrets, none used twice', () => {
  const town = townOf({ ...NONE, tickets: 2, routes: 2 });
  town.lossPercent = 10;
  const outcomes = ['one', 'two', 'three', 'four'].map((trip) => asked(town, trip));
  expect(outcomes.some((one) => one.kind === 'answer' && one.how.there === 'secrets')).toBe(true);
  for (let life = 0; life < 6; life++) {
    town.ask('again', WISH);
    town.run(900 * (life + 1));
    town.restart();
  }
  expect([town.used.twice, town.kept.filter(({ secret }) => town.isUsed(secret))]).toEqual([0, []]);
  expect(town.used.once).toBeGreaterThan(15);
});

test('who seals by himself gets a route when it is durable that it is his, and what he seals comes out at its end', () => {
  const town = stocked(3, 3);
  const before = town.kept.length;
  const route = (trip: string, end: string, wish = { hops: 3, level: 0 }): void =>
    town.tell({ kind: 'route', trip, end, wish });
  route('one', 'd.test');
  expect(town.told.has('one')).toBe(false);
  town.run(1_000);
  const told = town.told.get('one')!;
  if (told.kind !== 'route') throw new Error(told.kind);
  expect([told.hops.length, town.kept.length]).toEqual([3, before - 3]);
  const content = render({ routing: { _target: 'psyc://d.test/$echo', _tag: 'mine' }, method: '_request_said' });
  town.hand(sealOnion(suite, told.hops, 'exit', content, town.nowSeconds, suite.random).onion);
  town.run(60_000);
  expect([...town.served.keys()]).toEqual(['mine']);
  // Many at a time: each its own, as they come.
  for (let at = 0; at < 12; at++) route(`many ${at}`, 'b.test');
  town.run(HOUR, () => town.told.size === 13);
  expect([...town.told.values()].map(({ kind }) => kind)).toEqual(new Array(13).fill('route'));
  expect(town.dry.size).toBeGreaterThan(0);
});

test('who waits for a route that cannot be is told at once; who waits too long, at the end', () => {
  const town = townOf();
  const route = (trip: string, end: string, wish = { hops: 3, level: 0 }) => {
    town.tell({ kind: 'route', trip, end, wish });
    const told = town.told.get(trip);
    return told?.kind === 'failure' ? told.code : null;
  };
  expect(route('home', 'a.test')).toBe('_anonymous_home_secrets');
  expect(route('far', 'z.test')).toBe('_anonymous_unreachable');
  expect(route('long', 'b.test', { hops: 5, level: 0 })).toBe('_anonymous_excessive_hops');
  expect(route('high', 'b.test', { hops: 3, level: 4 })).toBe('_anonymous_excessive_level');
  expect(asked(town, 'asked', { ...WISH })).toMatchObject({ kind: 'answer' });
  town.ask('homely', WISH, {}, 'psyc://a.test/$echo');
  expect(town.told.get('homely')).toMatchObject({ code: '_anonymous_home_secrets' });
  town.agrees = false;
  for (let at = 0; at < 64; at++) expect(route(`waits ${at}`, 'b.test', { hops: 3, level: 1 })).toBeNull();
  expect(route('more', 'b.test', { hops: 3, level: 1 })).toBe('_trip_excessive');
  town.tell({ kind: 'deaf' });
  expect(town.told.get('waits 63')).toMatchObject({ code: '_mor_excessive_watches' });
  expect(route('dry', 'b.test', { hops: 3, level: 1 })).toBeNull();
  town.run(24 * HOUR, () => town.told.has('dry'));
  expect(town.told.get('dry')).toMatchObject({ code: '_trip_dry' });
});
