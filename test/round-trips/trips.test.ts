/** Round trips: with cells lost and late each ends once, nothing is done twice, nothing is asked again too early, and what is lost is told. */
import { describe, expect, test } from '@jest/globals';
import { Delays } from '../../round-trips/delays.ts';
import { tripLimits } from '../../round-trips/trip-limits.ts';
import { type TripEffect, type TripEvent, Trips } from '../../round-trips/trips.ts';
import { Random } from '../../simulator/random.ts';

type Effect<Kind> = TripEffect & { readonly kind: Kind };

/** A network that loses and delays, and a service that does each request once and answers each attempt. */
class Town {
  readonly trips = new Trips();
  readonly effects: TripEffect[] = [];
  /** Of each trip: attempts that the service saw, and whether it did something. */
  readonly seen = new Map<string, number>();
  nowMs = 0;
  isDry = false;
  readonly #random: Random;
  readonly #lost: number;
  readonly #delayMs: () => number;
  #queue: { readonly atMs: number; readonly event: () => void }[] = [];
  #wakeMs = Number.POSITIVE_INFINITY;

  /** `lost` percent of the cells, each way. */
  constructor(seed: number, lost: number, delayMs: (random: Random) => number = (random) => 400 + random.below(800)) {
    this.#random = Random.of(BigInt(seed), 'trips');
    this.#lost = lost;
    this.#delayMs = () => delayMs(this.#random);
  }

  tell(event: TripEvent): void {
    for (const effect of this.trips.step(event, this.nowMs)) {
      this.effects.push(effect);
      if (effect.kind === 'wake') this.#wakeMs = effect.atMs;
      if (effect.kind === 'send') this.#later(1, () => this.#send(effect));
    }
  }

  /** Until nothing is to come, or so long. */
  run(untilMs: number): void {
    for (;;) {
      this.#queue.sort((a, b) => a.atMs - b.atMs);
      const next = this.#queue[0];
      const atMs = Math.min(next?.atMs ?? Number.POSITIVE_INFINITY, this.#wakeMs);
      if (atMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      if (next !== undefined && next.atMs === atMs) {
        this.#queue.shift();
        next.event();
      } else {
        this.#wakeMs = Number.POSITIVE_INFINITY;
        this.tell({ kind: 'wake' });
      }
    }
    this.nowMs = untilMs;
  }

  of<Kind extends TripEffect['kind']>(kind: Kind): Effect<Kind>[] {
    return this.effects.filter((effect): effect is Effect<Kind> => effect.kind === kind);
  }

  #later(ms: number, event: () => void): void {
    this.#queue.push({ atMs: this.nowMs + ms, event });
  }

  #send({ trip, attempt }: Effect<'send'>): void {
    if (this.isDry) {
      this.tell({ kind: 'unsent', trip, attempt, isDry: true });
      return;
    }
    const ticket = `${trip} ${attempt}`;
    this.tell({ kind: 'sent', trip, attempt, ticket });
    if (this.#isLost()) return;
    this.#later(this.#delayMs(), () => {
      this.seen.set(trip, (this.seen.get(trip) ?? 0) + 1);
      if (this.#isLost()) return;
      const answer = new Uint8Array([attempt]);
      this.#later(this.#delayMs(), () => this.tell({ kind: 'answered', ticket, answer }));
    });
  }

  #isLost(): boolean {
    return this.#random.below(100) < this.#lost;
  }
}

const HOUR = 3_600_000;

/** One trip a second. */
function played(town: Town, count: number): Town {
  for (let at = 0; at < count; at++) {
    town.run(1000 * at);
    town.tell({ kind: 'ask', trip: `trip ${at}`, hops: 3 });
  }
  town.run(HOUR);
  return town;
}

describe.each([1, 2, 3, 4, 5])('seed %d', (seed) => {
  test.each([0, 10, 30])(
    '%d %% of cells lost each way: every trip ends once, and nearly all with an answer',
    (lost) => {
      const town = played(new Town(seed, lost), 200);
      const ends = [...town.of('answer'), ...town.of('failure')].map(({ trip }) => trip);
      expect([ends.length, new Set(ends).size]).toEqual([200, 200]);
      // Each attempt comes through with 0.49 at least: eight of them fail in one of two hundred trips.
      expect(town.of('answer').length).toBeGreaterThanOrEqual(lost === 30 ? 195 : 200);
      expect(town.trips.size).toEqual({ trips: 0, tickets: 0 });
      const forgotten = town.of('forget').flatMap(({ tickets }) => tickets);
      expect(new Set(forgotten).size).toBe(forgotten.length);
      expect(forgotten).toHaveLength(town.of('send').length);
    },
  );

  test('nothing lost: once delays are known hardly anything is asked twice, also where they are long', () => {
    for (const scale of [1, 20]) {
      const town = played(new Town(seed, 0, (random) => scale * (400 + random.below(800))), 200);
      expect(town.of('answer')).toHaveLength(200);
      const later = town.of('send').filter(({ trip }) => Number(trip.slice(5)) >= 100);
      expect(later.length).toBeLessThan(104);
    }
  });
});

test('timeouts: of the RFC, within their bounds, twice as long each time', () => {
  const delays = new Delays();
  expect([1, 2, 3].map((attempt) => delays.timeoutMs(attempt))).toEqual([10_000, 20_000, 40_000]);
  delays.took(2000);
  expect(delays.timeoutMs(1)).toBe(6000);
  delays.took(3000);
  // mean 2125, spread (3 · 1000 + 1000) / 4
  expect(delays.timeoutMs(1)).toBe(6125);
  for (let time = 0; time < 100; time++) delays.took(100);
  expect(delays.timeoutMs(1)).toBe(tripLimits.timeoutMsMin);
  expect(delays.timeoutMs(8)).toBe(tripLimits.timeoutMsMax);
});

test('an answer on an earlier ticket counts, the later one is forgotten, and a second answer is ignored', () => {
  const trips = new Trips();
  trips.step({ kind: 'ask', trip: 'a', hops: 3 }, 0);
  trips.step({ kind: 'sent', trip: 'a', attempt: 1, ticket: 'one' }, 10);
  expect(trips.step({ kind: 'wake' }, 10_010)).toContainEqual({ kind: 'send', trip: 'a', attempt: 2, hops: 3 });
  trips.step({ kind: 'sent', trip: 'a', attempt: 2, ticket: 'two' }, 10_020);
  const answer = new Uint8Array([7]);
  expect(trips.step({ kind: 'answered', ticket: 'one', answer }, 11_000)).toEqual([
    { kind: 'answer', trip: 'a', answer, attempts: 2 },
    { kind: 'forget', tickets: ['one', 'two'] },
  ]);
  expect(trips.step({ kind: 'answered', ticket: 'two', answer }, 11_001)).toEqual([]);
});

test('dry: it waits, says so, sends nothing, and goes on when there are secrets; or ends', () => {
  const town = new Town(1, 0);
  town.isDry = true;
  town.tell({ kind: 'ask', trip: 'a', hops: 3 });
  town.run(60_000);
  expect([town.of('dry').length, town.of('send').length, town.seen.size]).toEqual([1, 1, 0]);
  town.isDry = false;
  town.tell({ kind: 'stocked' });
  town.run(120_000);
  expect(town.of('answer')).toMatchObject([{ trip: 'a', attempts: 1 }]);
  town.isDry = true;
  town.tell({ kind: 'ask', trip: 'b', hops: 3 });
  town.run(120_000 + tripLimits.tripMs);
  expect(town.of('failure')).toEqual([{ kind: 'failure', trip: 'b', code: '_trip_dry' }]);
});

test('no answer at all, refusals, cancelling, and too many: each has its code', () => {
  const silent = played(new Town(1, 100), 1);
  expect(silent.of('failure')).toEqual([{ kind: 'failure', trip: 'trip 0', code: '_trip_unanswered' }]);
  expect(silent.of('send').length).toBeLessThanOrEqual(tripLimits.attemptsMax);
  const trips = new Trips();
  trips.step({ kind: 'ask', trip: 'a', hops: 3 }, 0);
  trips.step({ kind: 'unsent', trip: 'a', attempt: 1, isDry: false }, 0);
  expect(trips.step({ kind: 'wake' }, tripLimits.tripMs)).toEqual([
    { kind: 'failure', trip: 'a', code: '_trip_refused' },
  ]);
  for (let at = 0; at < tripLimits.tripsMax; at++) trips.step({ kind: 'ask', trip: String(at), hops: 3 }, 0);
  const excess = { kind: 'failure', trip: 'more', code: '_trip_excessive' };
  expect(trips.step({ kind: 'ask', trip: 'more', hops: 3 }, 0)).toContainEqual(excess);
  expect(trips.step({ kind: 'cancel', trip: '7' }, 0)).toContainEqual({
    kind: 'failure',
    trip: '7',
    code: '_trip_cancelled',
  });
  // The home took it just then: nobody waits for that ticket any more.
  expect(trips.step({ kind: 'sent', trip: '7', attempt: 1, ticket: 'late' }, 0)).toEqual([
    { kind: 'forget', tickets: ['late'] },
  ]);
});
