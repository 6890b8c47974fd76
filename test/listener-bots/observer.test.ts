/** Hop, recogniser and bystander look alike: to who sees times and sizes on links only, and to who is at the other end of one. */
import { expect, test } from '@jest/globals';
import {
  alphaOf,
  difference,
  frameBytes,
  type Leak,
  type Left,
  observe,
  observedMs,
  roles,
  type Seen,
} from './observed.ts';
import { suite } from './stand.ts';

const link = 'max.example';
const on = (left: readonly Left[]): Left[] => left.filter(({ peer }) => peer === link);

/** Times only: between two frames of a link. */
function pace({ left }: Seen): number[] {
  const frames = on(left);
  return frames.slice(1).map(({ atMs }, index) => atMs - frames[index]!.atMs);
}

/** Times only: from each cell that is heard to the next frame on another link. */
function reaction({ left, heardMs }: Seen): number[] {
  const frames = on(left);
  let next = 0;
  return heardMs.flatMap((heard) => {
    while (next < frames.length && frames[next]!.atMs < heard) next++;
    return next < frames.length ? [frames[next]!.atMs - heard] : [];
  });
}

/** At the other end of a link: how many cells are new in each two seconds. */
function novel({ left }: Seen): number[] {
  const counts = new Array<number>(Math.floor(observedMs / 2000)).fill(0);
  const seen = new Set<string>();
  for (const { atMs, cell } of on(left)) {
    if (cell === null || seen.has(alphaOf(cell))) continue;
    seen.add(alphaOf(cell));
    counts[Math.min(counts.length - 1, Math.floor(atMs / 2000))]!++;
  }
  return counts;
}

/**
 * At the other ends: the time before a frame with a cell that was put out here, beside that before a cell that was only passed on.
 * (Before idle ones it is shorter: the longer a pause, the more likely something came in it. And what is for whoever is at that
 * end overtakes, as he knows: it is left out.)
 */
function haste({ left, heard }: Seen): readonly [number[], number[]] {
  const [own, passed]: [number[], number[]] = [[], []];
  const before = new Map<string, number>();
  for (const { peer, atMs, cell, isForPeer } of left) {
    const gap = atMs - (before.get(peer) ?? atMs);
    before.set(peer, atMs);
    if (cell !== null && !isForPeer) (heard.has(alphaOf(cell)) ? passed : own).push(gap);
  }
  return [own, passed];
}

/** At the other end: cells whose bytes 32 to 63 another has as well. */
function repeated({ left }: Seen): number {
  const cells = [...new Set(on(left).flatMap(({ cell }) => cell ?? []))];
  return cells.length - new Set(cells.map((cell) => cell.subarray(32, 64).join())).size;
}

/** To who knows what is in the envelopes: how often something heard later leaves before something heard earlier. */
function overtaken({ left, order }: Seen): number {
  const indices = on(left).flatMap(({ cell }) => (cell === null ? [] : (order.get(alphaOf(cell)) ?? [])));
  return indices.filter((index, at) => at > 0 && index < indices[at - 1]!).length;
}

const idle = (left: Left): Left => ({ ...left, cell: null });
const held = new Map<string, Left[]>();

/** The five leaks, each with the statistic that must notice it: above 1. */
const leaks: readonly (readonly [string, (typeof roles)[number], Leak, (seen: Seen, clean: Seen) => number])[] = [
  [
    'what it opens is not rebroadcast',
    'hop',
    { change: (left, isOpened, isNew) => [isOpened && !isNew ? idle(left) : left] },
    (seen, clean) => difference(novel(seen), novel(clean)),
  ],
  [
    'what it puts out is 5 ms late',
    'hop',
    { change: (left, _isOpened, isNew) => [isNew ? { ...left, atMs: left.atMs + 5 } : left] },
    (seen) => difference(...haste(seen)),
  ],
  [
    'one cell more for each that it opens',
    'hop',
    { onOpened: (atMs) => [{ atMs, peer: link, bytes: frameBytes, cell: suite.random(4096), isForPeer: false }] },
    (seen, clean) => difference(reaction(seen), reaction(clean)),
  ],
  [
    'always the same filler',
    'context hop',
    { suite: { ...suite, random: (length) => (length === 64 ? new Uint8Array(64) : suite.random(length)) } },
    (seen) => 2 * repeated(seen),
  ],
  [
    'first in, first out',
    'context hop',
    {
      change(left, _isOpened, isNew, order) {
        // Whatever was heard before must leave before.
        const waiting = held.get(left.peer) ?? [];
        held.set(left.peer, waiting);
        if (isNew && left.cell !== null && order.has(alphaOf(left.cell))) waiting.push(left);
        else if (left.cell !== null) return [left];
        waiting.sort((one, other) => order.get(alphaOf(one.cell!))! - order.get(alphaOf(other.cell!))!);
        return waiting.length < 12 ? [idle(left)] : [{ ...left, cell: waiting.shift()!.cell }];
      },
    },
    (seen) => 20 / (1 + overtaken(seen)),
  ],
];

/** Says how far each statistic is from noticing something, and how far a leak makes it go. */
const tell = (what: string, ...values: readonly number[]): void =>
  void process.stdout.write(`${what}: ${values.map((value) => value.toFixed(2)).join(' ')}\n`);

const clean = new Map(roles.map((role) => [role, observe(role)]));
const compared = roles.slice(1).map((role): readonly [Seen, Seen] => [clean.get('hop')!, clean.get(role)!]);

test('times and sizes on links alone: one distribution, whatever the cells are to the server', () => {
  const sizes = new Set([...clean.values()].flatMap(({ left }) => left.map(({ bytes }) => bytes)));
  expect([...sizes]).toEqual([frameBytes]);
  const differences = compared.flatMap(([hop, other]) => [
    difference(pace(hop), pace(other)),
    difference(reaction(hop), reaction(other)),
  ]);
  tell('times on links, of 1 that is a difference', ...differences);
  expect(Math.max(...differences)).toBeLessThan(1);
});

test('new cells at the other end of a link: one distribution, and no haste or delay', () => {
  const own = novel(clean.get('context hop')!);
  expect(own.reduce((sum, count) => sum + count)).toBeGreaterThan(1000);
  const differences = [
    ...compared.map(([hop, other]) => difference(novel(hop), novel(other))),
    ...[...clean.values()].map((seen) => difference(...haste(seen))),
  ];
  tell('new cells, of 1 that is a difference', ...differences);
  tell('overtaken', ...[...clean.values()].map(overtaken));
  expect(Math.max(...differences)).toBeLessThan(1);
  expect([...clean.values()].map(repeated)).toEqual([0, 0, 0, 0]);
  expect(overtaken(clean.get('context hop')!)).toBeGreaterThan(20);
});

test.each(leaks)('leak: %s', (what, role, leak, statistic) => {
  held.clear();
  const before = statistic(clean.get(role)!, clean.get(role)!);
  const leaking = statistic(observe(role, leak), clean.get(role)!);
  tell(`leak, ${what}; without and with it`, before, leaking);
  expect(before).toBeLessThan(1);
  expect(leaking).toBeGreaterThan(1);
});
