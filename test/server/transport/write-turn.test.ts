/** Writes of one turn go out together, those to many a moment later and still together, and what is alike is put together once. */
import { setImmediate as turnEnd, setTimeout as after } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { transportLimits } from '../../../server/transport/limits.ts';
import { gatherMs, joinPlain, WriteTurn } from '../../../server/transport/write-turn.ts';

const limits = { ...transportLimits, gatheredPerMs: 4, gatherMsMax: 2 };

/** So many streams that count how often they were flushed. */
function streams(count: number): { flush(): void; flushes: number }[] {
  return Array.from({ length: count }, () => ({
    flushes: 0,
    flush() {
      this.flushes++;
    },
  }));
}

test('few are flushed when the turn ends, once', async () => {
  const turn = new WriteTurn(limits);
  const few = streams(3);
  for (const stream of few) turn.add(stream);
  expect(few.map(({ flushes }) => flushes)).toEqual([0, 0, 0]);
  await turnEnd();
  expect(few.map(({ flushes }) => flushes)).toEqual([1, 1, 1]);
});

test('many wait for company, and who comes meanwhile goes with them', async () => {
  const turn = new WriteTurn(limits);
  const many = streams(4);
  const late = streams(1);
  for (const stream of many) turn.add(stream);
  await turnEnd();
  expect(many.map(({ flushes }) => flushes)).toEqual([0, 0, 0, 0]);
  turn.add(late[0]!);
  // Timers of one length end in the order in which they began.
  await after(1);
  expect([...many, ...late].map(({ flushes }) => flushes)).toEqual([1, 1, 1, 1, 1]);
});

test('the more they are, the longer they wait, up to a limit', () => {
  expect([0, 3, 4, 7, 8, 1000].map((count) => gatherMs(limits, count))).toEqual([0, 0, 1, 1, 2, 2]);
});

test('the same chunks are joined once in a turn, and anew in the next', async () => {
  const turn = new WriteTurn(limits);
  const [some, others] = [Uint8Array.of(1, 2), Uint8Array.of(3)];
  const chain = turn.first(some).with(others);
  const joined = turn.joined(joinPlain, chain);
  expect([...joined]).toEqual([1, 2, 3]);
  expect(turn.joined(joinPlain, turn.first(some).with(others))).toBe(joined);
  expect([...turn.joined(joinPlain, turn.first(others).with(some))]).toEqual([3, 1, 2]);
  turn.add(streams(1)[0]!);
  await turnEnd();
  expect(turn.joined(joinPlain, turn.first(some).with(others))).not.toBe(joined);
});

test('a chain is shared by all who write the same, and by nobody else', () => {
  const turn = new WriteTurn(limits);
  const [some, others, more] = [Uint8Array.of(1), Uint8Array.of(2, 3), Uint8Array.of(4)];
  const one = turn.first(some).with(others);
  expect(turn.first(some).with(others)).toBe(one);
  expect([one.length, one.bytes]).toEqual([2, 3]);
  const other = turn.first(some).with(more);
  expect(other.chunks()).toEqual([some, more]);
  // Alike is not the same: what others hold is never changed.
  expect(turn.first(some).with(Uint8Array.of(2, 3))).not.toBe(one);
  expect(one.chunks()).toEqual([some, others]);
  expect(turn.first(others)).not.toBe(turn.first(some));
});
