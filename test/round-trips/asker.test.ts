/** Asking as nobody, machine and onions together: answered over tickets whose secrets are used once, or told why not; never with less than was wished. */
import { describe, expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { suite as real } from '../../server/suite.ts';
import { bytesOf } from '../../simulator/net/network.ts';
import { Random } from '../../simulator/random.ts';
import { AskingTown as Town, echo, parted } from '../../simulator/round-trips/town.ts';
import type { StockWish } from '../../round-trips/stock.ts';

/** Whose chance is the same each time. */
const suite = { ...real, random: bytesOf(Random.of(7n, 'asker')) };

class AskingTown extends Town {
  constructor(wish: StockWish, names?: readonly string[]) {
    super(suite, wish, names);
  }
}

const NONE = { level: 1, hops: 3, tickets: 0 };
const HOUR = 3_600_000;

/** Asks, and waits until it is told what came of it. */
function asked(town: AskingTown, trip = 'one', wish = { hops: 3, level: 1 }): ReturnType<AskingTown['told']['get']> {
  town.ask(trip, wish);
  town.run(HOUR, () => town.told.has(trip));
  return town.told.get(trip);
}

describe.each([0, 1, 2])('level %d', (level) => {
  test('is answered once what lacks was fetched, and says over what', () => {
    const town = new AskingTown({ ...NONE, level });
    town.ask('one', { hops: 3, level }, { _said: 'hello' });
    expect(town.dry).toEqual(new Set(['one']));
    town.run(HOUR, () => town.told.has('one'));
    expect(town.told.get('one')).toMatchObject({
      kind: 'answer',
      how: { attempts: 1, hopsThere: 3, hopsBack: 3, level },
    });
    const told = town.told.get('one')!;
    if (told.kind !== 'answer') throw new Error(told.kind);
    expect(told.packets.map(({ method }) => method)).toEqual(['_echo_said']);
    expect(told.packets[0]!.text('_said')).toBe('hello');
    expect([...town.served.values()]).toEqual([1]);
    // Nothing is awaited any more, but what was fetched too much.
    town.run(HOUR);
    expect(town.asker.size).toEqual({ trips: 0, out: 0 });
  });
});

test('a stock is filled by itself, and filled again after each question', () => {
  const town = new AskingTown({ level: 1, hops: 3, tickets: 3 });
  const isFull = (): boolean => town.kept.filter(({ level }) => level === 1).length >= 9;
  town.run(HOUR, isFull);
  expect(isFull()).toBe(true);
  const before = town.handed;
  town.run(HOUR);
  // When it is full nothing more is fetched.
  expect(town.handed - before).toBeLessThan(10);
  expect(asked(town)).toMatchObject({ kind: 'answer' });
  town.run(HOUR, isFull);
  expect(isFull()).toBe(true);
  expect(town.used.twice).toBe(0);
});

test('nothing leaves before it is durable that its secrets are not in the stock', () => {
  const town = new AskingTown({ level: 0, hops: 3, tickets: 2 });
  town.run(HOUR, () => town.kept.length >= 6);
  town.run(60_000);
  town.diskMs = 10 * HOUR;
  const before = town.handed;
  town.ask('one', { hops: 3, level: 0 });
  town.run(60_000);
  expect([town.handed, town.told.size]).toEqual([before, 0]);
});

test('a client that dies at any time uses no secret twice', () => {
  const town = new AskingTown({ level: 1, hops: 3, tickets: 2 });
  for (let life = 0; life < 12; life++) {
    town.ask('one', { hops: 3, level: 1 });
    town.run(700 * (life + 1));
    town.restart();
  }
  expect(asked(town)).toMatchObject({ kind: 'answer' });
  expect(town.used.twice).toBe(0);
  expect(town.used.once).toBeGreaterThan(20);
  // Nor is one that somebody has used in what is kept.
  expect(town.kept.filter(({ secret }) => town.isUsed(secret))).toEqual([]);
});

test('on a disk that lies about what is durable the same client uses secrets twice, and that is noticed', () => {
  const town = new AskingTown({ level: 0, hops: 3, tickets: 3 });
  town.run(HOUR, () => town.kept.length >= 9);
  town.run(60_000);
  town.isDiskLying = true;
  town.diskMs = HOUR;
  for (let life = 0; life < 4; life++) {
    town.ask('one', { hops: 3, level: 0 });
    town.run(20_000);
    town.restart();
  }
  expect(town.used.twice).toBeGreaterThan(0);
});

test.each([10, 30])(
  'with %d %% of the cells lost at each hop it is asked again, or told that nobody answers',
  (percent) => {
    const town = new AskingTown({ level: 0, hops: 2, tickets: 2 });
    town.lossPercent = percent;
    const outcomes = Array.from({ length: 8 }, (_, at) => asked(town, String(at), { hops: 2, level: 0 })!);
    const answered = outcomes.filter(({ kind }) => kind === 'answer');
    // Of a hundred it was 99 and 73.
    expect(answered.length).toBeGreaterThanOrEqual(percent === 10 ? 7 : 4);
    for (const outcome of outcomes) if (outcome.kind === 'failure') expect(outcome.code).toBe('_trip_unanswered');
    expect(outcomes.some((outcome) => outcome.kind === 'answer' && outcome.how.attempts > 1)).toBe(true);
    expect(town.used.twice).toBe(0);
  },
);

test('where no secrets come it is dry until its end, and nothing weaker is used', () => {
  const town = new AskingTown(NONE);
  town.agrees = false;
  expect(asked(town)).toEqual(expect.objectContaining({ kind: 'failure', code: '_trip_dry' }));
  expect(town.served.size).toBe(0);
});

test('a server that is gone costs attempts and no answer', () => {
  const town = new AskingTown({ level: 1, hops: 2, tickets: 2 });
  town.run(HOUR, () => town.kept.filter(({ level }) => level === 1).length >= 4);
  town.down.add('d.test');
  for (let trip = 0; trip < 6; trip++)
    expect(asked(town, String(trip), { hops: 2, level: 1 })).toMatchObject({ kind: 'answer' });
  town.down.add('b.test');
  expect(asked(town, 'gone', { hops: 2, level: 1 })).toMatchObject({ kind: 'failure' });
});

test('an answer in many shards is put together, and what lacks of it is asked for again', () => {
  const town = new AskingTown({ level: 0, hops: 2, tickets: 4 });
  town.service = parted(suite, 20_000);
  const told = asked(town, 'one', { hops: 2, level: 0 })!;
  expect(told).toMatchObject({ kind: 'answer' });
  if (told.kind === 'answer') expect(told.packets[0]!.data).toHaveLength(20_000);
  town.lossPercent = 10;
  expect(asked(town, 'two', { hops: 2, level: 0 })).toMatchObject({ kind: 'answer' });
});

test('who answers twice is heard once; what is no answer to it is none', () => {
  const town = new AskingTown({ level: 0, hops: 2, tickets: 2 });
  const wish = { hops: 2, level: 0 };
  town.service = (request, tickets) => [...echo(request, tickets), ...echo(request, tickets)].slice(0, tickets);
  expect(asked(town, 'one', wish)).toMatchObject({ kind: 'answer' });
  let times = 0;
  town.service = (request, tickets) => {
    const [good] = echo(request, tickets);
    const tag = String(request.ownRoute('_tag'));
    const wrong = [
      new Uint8Array([0, 1, 2]),
      new TextEncoder().encode('no packet'),
      render({ routing: { _source: 'psyc://c.test/$echo', _tag_relay: tag }, method: '_echo_said' }),
      render({ routing: { _source: 'psyc://b.test/$echo', _tag_relay: '0'.repeat(32) }, method: '_echo_said' }),
    ];
    return [wrong[times++] ?? good!];
  };
  expect(asked(town, 'two', wish)).toMatchObject({ kind: 'answer', how: { attempts: 5 } });
});

test('what cannot be asked at all is told at once', () => {
  const town = new AskingTown(NONE);
  town.ask('far', { hops: 3, level: 1 }, {}, 'psyc://z.test/$echo');
  expect(town.told.get('far')).toMatchObject({ code: '_anonymous_unreachable' });
  town.ask('long', { hops: 3, level: 1 });
  town.ask('long', { hops: 3, level: 1 });
  expect(town.told.get('long')).toMatchObject({ code: '_trip_excessive' });
  const small = new AskingTown({ level: 1, hops: 4, tickets: 2 }, ['a', 'b', 'c']);
  small.ask('one', { hops: 4, level: 1 });
  expect(small.told.get('one')).toMatchObject({ code: '_anonymous_excessive_hops' });
  small.run(HOUR);
  // Nor is anything fetched that could never be enough.
  expect(small.handed).toBe(0);
});

test('who is asked is no hop of his own answer, and counts as none', () => {
  const town = new AskingTown({ level: 0, hops: 3, tickets: 6 });
  const atTarget = () => town.kept.filter(({ domain }) => domain === 'b.test').map(({ secret }) => hexOf(secret));
  town.run(HOUR, () => town.kept.length >= 18);
  const before = atTarget();
  expect(before.length).toBeGreaterThan(2);
  for (let trip = 0; trip < 8; trip++)
    expect(asked(town, String(trip), { hops: 3, level: 0 })).toMatchObject({ kind: 'answer' });
  expect(atTarget()).toEqual(expect.arrayContaining(before));
  const small = new AskingTown(NONE, ['a', 'b', 'c', 'd']);
  small.ask('one', { hops: 3, level: 0 });
  expect(small.told.get('one')).toMatchObject({ code: '_anonymous_excessive_hops' });
});

test('two servers of one owner are one hop: where there are too few owners it is told at once', () => {
  const town = new AskingTown(NONE);
  const stations = town.stations.map((one) => (one.domain === 'e.test' ? { ...one, group: 'd.test' } : one));
  town.tell({ kind: 'stations', stations });
  town.ask('one', { hops: 3, level: 0 });
  expect(town.told.get('one')).toMatchObject({ code: '_anonymous_excessive_hops' });
});

test.each([
  [{ hops: 3, level: 4 }, '_anonymous_excessive_level'],
  [{ hops: 3, level: -1 }, '_anonymous_excessive_level'],
  [{ hops: 3, level: 0.5 }, '_anonymous_excessive_level'],
  [{ hops: 1, level: 0 }, '_anonymous_excessive_hops'],
  [{ hops: 2.5, level: 0 }, '_anonymous_excessive_hops'],
  [{ hops: 5, level: 0 }, '_anonymous_excessive_hops'],
  [{ hops: 6, level: 0 }, '_anonymous_excessive_hops'],
])('%j is told as %s, however many servers there are', (wish, code) => {
  const town = new AskingTown(NONE, 'a b c d e f g h i'.split(' '));
  town.ask('one', wish);
  expect(town.told.get('one')).toMatchObject({ kind: 'failure', code });
});

test('a home that gives no copies ends what waits, and nothing of it is left', () => {
  const town = new AskingTown({ level: 1, hops: 3, tickets: 2 });
  town.ask('one', { hops: 3, level: 1 });
  expect(town.asker.size.out).toBeGreaterThan(0);
  town.tell({ kind: 'deaf' });
  expect(town.told.get('one')).toMatchObject({ kind: 'failure', code: '_mor_excessive_watches' });
  expect(town.asker.size).toEqual({ trips: 0, out: 0 });
  const before = town.handed;
  town.run(59_000);
  expect(town.handed).toBe(before);
  // Who asks again is heard, if the home has room by then.
  expect(asked(town, 'two')).toMatchObject({ kind: 'answer' });
});

test('a question that is too long for a cell is told so', () => {
  const town = new AskingTown({ level: 0, hops: 2, tickets: 1 });
  town.ask('one', { hops: 2, level: 0 }, { _said: new Uint8Array(3000) });
  town.run(HOUR, () => town.told.size > 0);
  expect(town.told.get('one')).toMatchObject({ code: '_onion_oversized_content' });
});
