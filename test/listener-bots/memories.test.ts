/** What a listener remembers and holds, each part by itself: seen cells, replay tags, queues, buckets, secrets, watches. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Bucket } from '../../listener-bots/bucket.ts';
import { Delayed } from '../../listener-bots/delayed.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { OpenedMemory } from '../../listener-bots/memory.ts';
import { LinkQueue } from '../../listener-bots/queue.ts';
import { ReplayMemory } from '../../listener-bots/replay.ts';
import { SeenMemory } from '../../listener-bots/seen.ts';
import { Slots } from '../../listener-bots/slots.ts';
import { Watches } from '../../listener-bots/watches.ts';
import { suite } from './stand.ts';

test('seen: each of thousands once, for one generation at least and two at most', () => {
  const seen = new SeenMemory(suite, 1000, 1_000_000, 0);
  const cells = Array.from({ length: 5000 }, () => suite.random(64));
  expect(cells.every((cell) => seen.isNew(cell, 0))).toBe(true);
  expect(cells.some((cell) => seen.isNew(cell, 999))).toBe(false);
  expect(cells.some((cell) => seen.isNew(cell, 1999))).toBe(false);
  expect(seen.isNew(cells[0]!, 3000)).toBe(true);
  const full = new SeenMemory(suite, 1000, 100, 0);
  for (const cell of cells.slice(0, 250)) full.isNew(cell, 0);
  expect([full.size, full.isNew(cells[249]!, 0), full.isNew(cells[0]!, 0)]).toEqual([150, false, true]);
});

test('what listeners have in common is forgotten when none of them has the key any more', () => {
  const memory = new OpenedMemory(suite, listenerLimits);
  const [one, other] = [['old', 'new'], ['old']];
  memory.share(() => one);
  memory.share(() => other);
  for (const key of ['old', 'new', 'older']) memory.replay.add(key, suite.random(16), null);
  expect(memory.forgetKeys()).toEqual(['older']);
  one.splice(0, 1);
  expect([memory.forgetKeys(), memory.replay.size]).toEqual([[], 2]);
  other.splice(0, 1);
  expect([memory.forgetKeys(), memory.replay.size]).toEqual([['old'], 1]);
});

test('replay: nothing is pushed out; seconds and keys end what they end', () => {
  const replay = new ReplayMemory(1000);
  const tags = Array.from({ length: 100 }, () => suite.random(16));
  tags.forEach((tag, index) => replay.add('one', tag, index % 2 === 0 ? 100 : null));
  replay.add('two', tags[0]!, 200);
  expect([replay.percentOf('one'), replay.size]).toEqual([10, 101]);
  replay.prune(99);
  expect(tags.every((tag) => replay.has('one', tag))).toBe(true);
  replay.prune(100);
  expect([replay.has('one', tags[0]!), replay.has('one', tags[1]!), replay.has('two', tags[0]!)]).toEqual([
    false,
    true,
    true,
  ]);
  replay.forget('one');
  expect([replay.has('one', tags[1]!), replay.size, replay.keys()]).toEqual([false, 1, ['two']]);
});

test('bucket: so many at once, so many a second for long, whatever the steps', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 200 }), (steps) => {
      const bucket = new Bucket(10, 20, 0);
      let [nowMs, taken] = [0, 0];
      for (const step of steps) {
        nowMs += step;
        while (bucket.take(nowMs)) taken++;
      }
      expect(taken).toBeLessThanOrEqual(20 + nowMs / 100);
      if (steps.length > 0) expect(taken).toBeGreaterThanOrEqual(20);
    }),
  );
});

test('queue: forwards first, moved and not doubled; too old is dropped when its turn comes', () => {
  const queue = new LinkQueue(10, 1000);
  const [a, b, c] = ['a', 'b', 'c'].map((from, index) => ({
    cell: new Uint8Array([index]),
    sinceMs: 100 * index,
    from,
  }));
  expect([queue.add(a!), queue.add(b!), queue.addForward(c!), queue.addForward(b!), queue.addForward(b!)]).toEqual([
    0, 0, 0, 0, 0,
  ]);
  expect(queue.length).toBe(3);
  expect([queue.take(0).next, queue.take(0).next]).toEqual([c, b]);
  expect(queue.take(1001)).toEqual({ next: null, expired: 1 });
});

test('queue: when it is full the newest goes of whoever holds most, so that nobody fills it for others', () => {
  const queue = new LinkQueue(10, 1000);
  const add = (from: string, index: number): number => queue.add({ cell: new Uint8Array([index]), sinceMs: 0, from });
  for (let index = 0; index < 3; index++) add('honest', index);
  let dropped = 0;
  for (let index = 10; index < 50; index++) dropped += add('flood', index);
  for (let index = 3; index < 6; index++) dropped += add('honest', index);
  const left = Array.from({ length: queue.length }, () => queue.take(0).next!);
  expect(dropped).toBe(36);
  expect(left.filter(({ from }) => from === 'honest').map(({ cell }) => cell[0])).toEqual([0, 1, 2, 3, 4]);
  expect(left.filter(({ from }) => from === 'flood').map(({ cell }) => cell[0])).toEqual([10, 11, 12, 13, 14]);
});

test('delayed: in the order of their times, no more than fit', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { maxLength: 40 }), (times) => {
      const delayed = new Delayed(30);
      times.forEach((atMs, index) => delayed.add(new Uint8Array([index]), atMs));
      const kept = times.slice(0, 30).map((atMs, index) => ({ atMs, index }));
      expect(delayed.nextMs).toBe(Math.min(...kept.map(({ atMs }) => atMs)));
      const expected = kept.sort((one, other) => one.atMs - other.atMs || one.index - other.index);
      const [early, late] = [delayed.take(25), delayed.take(50)];
      expect(early.map(([index]) => index)).toEqual(
        expected.filter(({ atMs }) => atMs <= 25).map(({ index }) => index),
      );
      expect([...early, ...late].map(([index]) => index)).toEqual(expected.map(({ index }) => index));
    }),
  );
});

test('the fuller the slots, or the marks, the less long a new secret is kept', () => {
  const slots = new Slots(suite, 8, 4);
  const slot = (seed: number) => ({ secret: new Uint8Array(32).fill(seed), untilSeconds: 1_000_000 });
  const lives = Array.from({ length: 8 }, (_, at) => {
    const { lifeSeconds } = slots;
    slots.deposit(slot(at + 1));
    return lifeSeconds;
  });
  const [long, day, six, hour] = [8 * 86_400, 86_400, 21_600, 3_600];
  expect([...lives, slots.lifeSeconds]).toEqual([long, long, day, day, six, six, hour, hour, hour]);
  // Who uses what he leaves, to make room for more, fills the marks.
  for (let at = 0; at < 8; at++) slots.burn(slot(at + 1).secret);
  expect([slots.size, slots.lifeSeconds]).toEqual([{ live: 4, spent: 4 }, hour]);
});

test('slots: found by the tag, burnt once, spent until they would have expired, never deposited twice', () => {
  const slots = new Slots(suite, 3, 2);
  const [one, two, three, four] = Array.from({ length: 4 }, () => suite.random(32));
  expect(slots.load([{ secret: one!, untilSeconds: 100 }], [])).toEqual([]);
  expect([
    slots.deposit({ secret: two!, untilSeconds: 200 }),
    slots.deposit({ secret: two!, untilSeconds: 300 }),
  ]).toEqual([true, false]);
  const tagOf = (secret: Uint8Array): Uint8Array =>
    suite.blake2b(new TextEncoder().encode('p3do-one-time-v1'), 16, secret);
  expect([slots.find(tagOf(one!)), slots.find(tagOf(three!))]).toEqual([one, null]);
  expect(slots.burn(one!)!.untilSeconds).toBe(100);
  expect([slots.find(tagOf(one!)), slots.burn(one!), slots.deposit({ secret: one!, untilSeconds: 100 })]).toEqual([
    null,
    null,
    false,
  ]);
  expect([
    slots.deposit({ secret: three!, untilSeconds: 200 }),
    slots.deposit({ secret: four!, untilSeconds: 200 }),
  ]).toEqual([true, true]);
  expect(slots.deposit({ secret: suite.random(32), untilSeconds: 200 })).toBe(false);
  slots.burn(two!);
  // No room for its mark: it could be deposited again, so it does not open.
  expect([slots.burn(three!), slots.size]).toEqual([null, { live: 2, spent: 2 }]);
  slots.prune(100);
  expect(slots.burn(three!)).not.toBeNull();
  expect(slots.prune(200).map(({ secret }) => secret)).toEqual([four]);
  expect(slots.size).toEqual({ live: 0, spent: 0 });
});

test('watches: of one and of all together no more than may be; what is unwatched makes room', () => {
  const watches = new Watches({ ...listenerLimits, watchesMax: 3, watchesOfOneMax: 2, overhearersMax: 1 });
  const tags = Array.from({ length: 4 }, () => suite.random(16));
  const watch = (client: string, index: number): boolean => watches.watch(client, tags[index]!);
  expect([
    watch('ada', 0),
    watch('ada', 0),
    watch('ada', 1),
    watch('ada', 2),
    watch('bea', 0),
    watch('bea', 3),
  ]).toEqual([...[true, true, true, false, true, false]]);
  expect([watches.overhear('ada', true), watches.overhear('bea', true)]).toEqual([true, false]);
  expect([watches.hearersOf(tags[0]!).toSorted(), watches.hearersOf(tags[3]!)]).toEqual([['ada', 'bea'], ['ada']]);
  watches.unwatch('ada', tags[0]!);
  expect(watch('bea', 3)).toBe(true);
  watches.leave('ada');
  expect([watches.size, watches.hearersOf(tags[1]!)]).toEqual([2, []]);
});
