/** Clocks that differ, tickets that a service swaps, and a stock that is over: answered, or told that nobody answers, and never by another's answer. */
import { expect, test } from '@jest/globals';
import { onionLimits } from '../../onion/limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import { stockLimits } from '../../round-trips/stock-limits.ts';
import { suite as real } from '../../server/suite.ts';
import { bytesOf } from '../../simulator/net/network.ts';
import { Random } from '../../simulator/random.ts';
import { AskingTown, echo } from '../../simulator/round-trips/town.ts';

/** Whose chance is the same each time. */
const suite = { ...real, random: bytesOf(Random.of(3n, 'faults')) };
const HOUR = 3_600_000;
const WISH = { hops: 2, level: 1 };
const { skewSecondsMax } = onionLimits;

const townOf = (tickets = 0, level = 1): AskingTown => new AskingTown(suite, { hops: 2, level, tickets });

function asked(town: AskingTown, trip: string, wish = WISH) {
  town.ask(trip, wish, { _said: trip });
  town.run(HOUR, () => town.told.has(trip));
  return town.told.get(trip)!;
}

test.each([-skewSecondsMax, skewSecondsMax - 60])(
  'servers whose clocks are %d seconds ahead open what is for keys and what is for secrets, and answer',
  (seconds) => {
    const town = townOf();
    town.aheadSeconds = seconds;
    expect(asked(town, 'one')).toMatchObject({ kind: 'answer' });
  },
);

test.each([-3 * 3_600, 3 * 3_600])(
  'servers whose clocks are %d seconds ahead drop everything, and whoever asks is told',
  (seconds) => {
    const town = townOf(1, 0);
    town.run(60_000);
    town.aheadSeconds = seconds;
    const code = expect.stringMatching(/^_trip_(unanswered|dry)$/);
    expect(asked(town, 'one', { hops: 2, level: 0 })).toEqual(expect.objectContaining({ kind: 'failure', code }));
    expect(town.served.size).toBe(0);
  },
);

test('a clock that is set forward over what the stock has left: nothing of it is used, and new secrets are fetched', () => {
  const town = townOf(2);
  town.run(60_000);
  const expiry = Math.min(...town.kept.map((secret) => secret.expiry));
  const before = town.kept.filter(({ level }) => level === 1);
  expect(before.length).toBeGreaterThan(0);
  // The asker and all servers: only what is old is over.
  town.run(1_000 * (expiry - town.nowSeconds - stockLimits.leastSeconds) + 1_000, () => false);
  expect(asked(town, 'one')).toMatchObject({ kind: 'answer' });
  expect(before.filter(({ secret }) => town.isUsed(secret))).toEqual([]);
});

test('a service that answers each question on the ticket of the other: neither answer is taken for the other’s', () => {
  const town = townOf();
  const swapped = { count: 0 };
  // What it would answer to one it answers to the next.
  let last: Packet | null = null;
  town.service = (request, tickets) => {
    const other = last ?? request;
    last = request;
    const isSwapped = request.ownRoute('_tag') !== other.ownRoute('_tag');
    if (isSwapped) swapped.count++;
    return echo(other, tickets);
  };
  town.ask('one', WISH, { _said: 'one' });
  town.ask('two', WISH, { _said: 'two' });
  town.run(HOUR, () => town.told.size === 2);
  expect(swapped.count).toBeGreaterThan(0);
  for (const trip of ['one', 'two']) {
    const told = town.told.get(trip)!;
    if (told.kind === 'answer') expect(told.packets[0]!.text('_said')).toBe(trip);
    else expect(told).toMatchObject({ kind: 'failure', code: '_trip_unanswered' });
  }
});
