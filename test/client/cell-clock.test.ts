/** A client's clock: whoever sees cells leave learns neither from times, sizes and number nor from their first hops which has the message. */
import { expect, test } from '@jest/globals';
import { CellClock, type ClockEffect, type ClockWish } from '../../client/anonymous/clock.ts';
import { AnonymousError } from '../../client/anonymous/error.ts';
import { anonymousLimits } from '../../client/anonymous/limits.ts';
import { anonymousCell, coverCell, sealText } from '../../client/anonymous/message.ts';
import { onionOf } from '../../onion/cell.ts';
import { openOnion } from '../../onion/holder.ts';
import { type KeyPair, newPair, type Random as Bytes } from '../../onion/keys.ts';
import { registrableOf } from '../../pki/network.ts';
import type { Way } from '../../round-trips/ways.ts';
import { suite } from '../../server/suite.ts';
import { bytesOf } from '../../simulator/net/network.ts';
import { Random } from '../../simulator/random.ts';
import { ringOf } from '../onion/vectors.ts';
import { domainKey, Home } from './home.ts';
import { Life, someone } from './life.ts';

const NOW = 1_795_000_000_000;
const HOME = 'p3do.home.test';
const pairs = new Map<string, KeyPair>(
  [HOME, 'other.home.test', 'a.test', 'b.test', 'c.test', 'd.test', 'e.test'].map((domain) => [
    domain,
    newPair(suite, suite.random),
  ]),
);
const stations = [...pairs].map(([domain, { publicKey }]) => ({
  domain,
  group: registrableOf(domain),
  keys: [{ publicKey, beginsMs: 0 }],
}));
const way: Way = { stations, home: HOME, hops: 3 };
const bob = {
  uniform: 'psyc://b.test/~bob',
  fingerprint: suite.random(20),
  publicKey: newPair(suite, suite.random).publicKey,
};
const message = (): Uint8Array =>
  anonymousCell(suite, way, bob, sealText(suite, bob, 'under the stone').contents[0]!, NOW);
const cover = (): Uint8Array => coverCell(suite, way, NOW);
const homeKey = domainKey('a.example', 10);
const wish: ClockWish = { meanMs: 5000, cells: 8, parts: 1, needed: 1 };

/** Where a cell goes, and what its last hop does. */
function wayOf(cell: Uint8Array): { hops: string[]; end: string } {
  let onion = onionOf(cell);
  for (const hops: string[] = []; ; ) {
    const holds = [...pairs].flatMap(([domain, pair]) => {
      const holder = { oneTime: () => null, keys: ringOf(suite, [pair]), users: [] };
      const opening = openOnion(suite, onion, holder, NOW / 1000);
      return opening === null || 'refused' in opening.layer ? [] : [{ domain, outcome: opening.layer.outcome }];
    });
    const [{ domain, outcome }] = holds as [(typeof holds)[0]];
    hops.push(domain);
    if (outcome.kind !== 'relay') return { hops, end: outcome.kind };
    ({ onion } = outcome);
  }
}

interface Run {
  /** All that a watcher without keys has, of each cell. */
  readonly seen: { readonly atMs: number; readonly bytes: number }[];
  readonly cells: Uint8Array[];
  /** What was made, in its order. */
  readonly made: string[];
  readonly isTaken: boolean | null;
}

/** A clock to its end at a home that takes what `takes` says; `isReal`: with real cells. */
function run(random: Bytes, takes: (strike: number) => boolean = () => true, isReal = false, of = wish): Run {
  const made: string[] = [];
  const make = (part: number | null): Uint8Array => {
    made.push(part === null ? 'cover' : part === 0 ? 'message' : `part ${part}`);
    if (isReal) return part === null ? cover() : message();
    return new Uint8Array(4096);
  };
  const clock = new CellClock(random, of, make, 0);
  const seen: { atMs: number; bytes: number }[] = [];
  const cells: Uint8Array[] = [];
  let isTaken: boolean | null = null;
  for (let nowMs: number | null = clock.nextMs; nowMs !== null; ) {
    let nextMs: number | null = null;
    const effects: ClockEffect[] = [...clock.step({ kind: 'wake' }, nowMs)];
    for (const effect of effects) {
      if (effect.kind === 'wake') nextMs = effect.atMs;
      else if (effect.kind === 'over') ({ isTaken } = effect);
      else {
        const { strike, cell } = effect;
        seen.push({ atMs: nowMs, bytes: cell.length });
        cells.push(cell);
        effects.push(...clock.step({ kind: takes(strike) ? 'taken' : 'refused', strike }, nowMs));
      }
    }
    nowMs = nextMs;
  }
  return { seen, cells, made, isTaken };
}

/** A stream whose first whole number below `wish.cells` is this one. */
function choosing(strike: number, seed: bigint): Bytes {
  const rest = bytesOf(Random.of(seed, 'clock'));
  let isFirst = true;
  return (length) => {
    if (!isFirst) return rest(length);
    isFirst = false;
    return Uint8Array.of(0, 0, 0, strike);
  };
}

test('strikes are exponential: Kolmogorov and Smirnov find nothing in 4000 of them', () => {
  const random = bytesOf(Random.of(7n, 'strikes'));
  const gaps = Array.from({ length: 40 }, () =>
    run(random, undefined, false, { ...wish, cells: 100 }).seen.map(
      ({ atMs }, at, all) => atMs - (all[at - 1]?.atMs ?? 0),
    ),
  ).flat();
  const sorted = gaps.toSorted((a, b) => a - b);
  const distance = Math.max(
    ...sorted.map((gap, at) => Math.abs(1 - Math.exp(-gap / wish.meanMs) - (at + 0.5) / sorted.length)),
  );
  // The hundredth part of such samples is farther away than 1.63 / √n; a fixed interval by far.
  expect(distance).toBeLessThan(1.63 / Math.sqrt(sorted.length));
});

test('whichever strike has the message, the watcher sees the same cells at the same times', () => {
  for (let seed = 1n; seed < 20n; seed++) {
    const runs = Array.from({ length: wish.cells }, (_, strike) => run(choosing(strike, seed)));
    for (const [strike, { seen, made, isTaken }] of runs.entries()) {
      expect(made.indexOf('message')).toBe(strike);
      expect(made.filter((kind) => kind === 'message')).toHaveLength(1);
      expect([seen, isTaken]).toEqual([runs[0]!.seen, true]);
    }
  }
});

test('the strike is drawn, each equally likely', () => {
  const random = bytesOf(Random.of(8n, 'strike'));
  const counts = Array.from({ length: wish.cells }, () => 0);
  for (let time = 0; time < 4000; time++) counts[run(random).made.indexOf('message')]!++;
  const square = counts.reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
  // χ² with 7 degrees of freedom is above 24.3 once in a thousand times.
  expect(square).toBeLessThan(24.3);
});

test('real cells: all of 4096 bytes, all over three owners, none of them the home’s but as the last; one speaks, the others end', () => {
  for (let seed = 1n; seed <= 6n; seed++) {
    const { cells, seen, made } = run(bytesOf(Random.of(seed, 'real')), undefined, true);
    expect(new Set(seen.map(({ bytes }) => bytes))).toEqual(new Set([4096]));
    const ways = cells.map(wayOf);
    expect(ways.map(({ end }) => end)).toEqual(made.map((kind) => (kind === 'message' ? 'exit' : 'discard')));
    for (const { hops, end } of ways) {
      expect(new Set(hops.map(registrableOf)).size).toBe(3);
      expect(hops.slice(0, -1).map(registrableOf)).not.toContain('home.test');
      if (end === 'exit') expect(hops.at(-1)).toBe('b.test');
    }
  }
});

test('cover begins at every server alike, also at the reader’s; and where only some can be last, at those', () => {
  const counts = new Map<string, number>();
  for (let time = 0; time < 500; time++) {
    const [first] = wayOf(cover()).hops;
    counts.set(first!, (counts.get(first!) ?? 0) + 1);
  }
  expect(counts.size).toBe(5);
  const square = [...counts.values()].reduce((sum, count) => sum + (count - 100) ** 2 / 100, 0);
  // χ² with 4 degrees of freedom is above 23.5 once in ten thousand times.
  expect(square).toBeLessThan(23.5);
  const few = { ...way, stations: stations.filter(({ domain }) => [HOME, 'a.test', 'b.test'].includes(domain)) };
  for (let time = 0; time < 20; time++) expect(wayOf(coverCell(suite, few, NOW)).hops.at(-1)).toBe(HOME);
  const none = { ...way, stations: stations.filter(({ group }) => group === 'home.test') };
  expect(() => coverCell(suite, none, NOW)).toThrow(AnonymousError);
});

test('a message that was refused leaves in a new cell at a later strike, and no strike is added', () => {
  for (let strike = 0; strike < wish.cells; strike++) {
    const plain = run(choosing(strike, 3n));
    const { made, seen, isTaken } = run(choosing(strike, 3n), (at) => at !== strike);
    expect(seen).toHaveLength(plain.seen.length);
    const isLast = strike === wish.cells - 1;
    expect(made.filter((kind) => kind === 'message')).toHaveLength(isLast ? 1 : 2);
    expect(isTaken).toBe(!isLast);
  }
  expect(run(choosing(0, 4n), () => false)).toMatchObject({ isTaken: false });
});

test('of a message in parts each leaves once, at strikes of which all sets are equally likely', () => {
  const random = bytesOf(Random.of(9n, 'parts'));
  const of = { ...wish, cells: 5, parts: 3, needed: 2 };
  const counts = new Map<string, number>();
  for (let time = 0; time < 5000; time++) {
    const { made, seen, isTaken } = run(random, undefined, false, of);
    expect([seen.length, isTaken]).toEqual([5, true]);
    expect(made.filter((kind) => kind !== 'cover').toSorted()).toEqual(['message', 'part 1', 'part 2']);
    const set = made.map((kind) => (kind === 'cover' ? '-' : 'x')).join('');
    counts.set(set, (counts.get(set) ?? 0) + 1);
  }
  expect(counts.size).toBe(10);
  const square = [...counts.values()].reduce((sum, count) => sum + (count - 500) ** 2 / 500, 0);
  // χ² with 9 degrees of freedom is above 27.9 once in a thousand times.
  expect(square).toBeLessThan(27.9);
});

test('a part that was refused leaves at another strike, and enough of them are a message', () => {
  const of = { ...wish, cells: 8, parts: 3, needed: 2 };
  for (let seed = 1n; seed <= 20n; seed++) {
    const random = (): Bytes => bytesOf(Random.of(seed, 'refused'));
    const [first] = run(random(), undefined, false, of).made.flatMap((kind, at) => (kind === 'cover' ? [] : [at]));
    const { made, isTaken, seen } = run(random(), (strike) => strike !== first, false, of);
    expect([seen.length, isTaken]).toEqual([8, true]);
    const parts = made.filter((kind) => kind !== 'cover');
    expect(new Set(parts).size).toBe(3);
    // One strike may have been filled with cover before, and is made anew.
    expect(parts).toHaveLength(4);
  }
  expect(run(bytesOf(Random.of(1n, 'all')), () => false, false, of)).toMatchObject({ isTaken: false });
  expect(run(bytesOf(Random.of(1n, 'all')), undefined, false, { ...of, cells: 3 })).toMatchObject({ isTaken: true });
});

test('who slept does not make up for it', () => {
  const clock = new CellClock(bytesOf(Random.of(5n, 'sleep')), { ...wish, cells: 100 }, () => new Uint8Array(4096), 0);
  const handed = clock.step({ kind: 'wake' }, 400_000).filter(({ kind }) => kind === 'hand');
  expect(handed.length).toBeGreaterThan(0);
  expect(handed.length).toBeLessThanOrEqual(1 + anonymousLimits.clockLateMsMax / 1000);
});

/** A clock whose message leaves at this strike (null: none does), in a session with the home: what a wire between them shows, both ways. */
async function wireOf(strike: number | null, seal = message): Promise<(readonly [number, string, number])[]> {
  const home = new Home('a.example', await homeKey, {
    hears: (at, heard) => {
      if (heard.packet.method === '_request_mor_cell') at.answer(heard, '_echo_mor_cell');
    },
  });
  const life = await new Life(await someone('ada', 'a.example', 30, await homeKey), home).start();
  const wire: (readonly [number, string, number])[] = [];
  const say = home.say.bind(home);
  home.say = (bytes) => {
    wire.push([life.nowMs, 'home', bytes.length]);
    say(bytes);
  };
  const rest = bytesOf(Random.of(11n, 'clock'));
  const random = strike === null ? rest : choosing(strike, 11n);
  const parts = strike === null ? 0 : 1;
  const make = (part: number | null): Uint8Array => (part === null ? cover() : seal());
  const clock = new CellClock(random, { ...wish, cells: 12, parts, needed: parts }, make, life.nowMs);
  let written = life.written.length;
  for (let nextMs: number | null = clock.nextMs; nextMs !== null; ) {
    await life.pass(nextMs - life.nowMs);
    nextMs = null;
    for (const effect of clock.step({ kind: 'wake' }, life.nowMs)) {
      if (effect.kind === 'wake') nextMs = effect.atMs;
      if (effect.kind !== 'hand') continue;
      const entity = { _cell: effect.cell };
      const target = 'psyc://a.example/$mor';
      await life.command({ kind: 'ask', command: effect.strike, target, method: '_request_mor_cell', entity });
    }
    for (; written < life.written.length; written++) wire.push([life.nowMs, 'device', life.written[written]!.length]);
  }
  return wire;
}

test('a recorded wire has the same times and lengths, both ways, with the message at any strike and with none', async () => {
  const silent = await wireOf(null);
  expect(silent.filter(([, from, bytes]) => from === 'device' && bytes > 4096)).toHaveLength(12);
  expect(silent.filter(([, from]) => from === 'home').length).toBeGreaterThanOrEqual(12);
  for (const strike of [0, 5, 11]) expect(await wireOf(strike)).toEqual(silent);
  // What would not be alike is seen.
  expect(await wireOf(5, () => new Uint8Array(4097))).not.toEqual(silent);
});
