/** Of whom nothing is taken, and who holds too much of it. */
import { expect, test } from '@jest/globals';
import { tooStalled } from '../../../server/node/stalled.ts';

const limits = { stalledLookMs: 1_000, stalledBytesMax: 100 };
const nowMs = 10_000;
const held = (all: Record<string, [sinceMs: number | null, bytes: number]>): string[] =>
  tooStalled(
    Object.entries(all).map(
      ([name, [writingSinceMs, unsentBytes]]) => [name, { writingSinceMs, unsentBytes }] as const,
    ),
    nowMs,
    limits,
  );

test.each([
  ['exactly as much as they may', { a: [0, 60], b: [9_000, 40] }, []],
  ['one byte more: who holds most goes', { a: [0, 60], b: [9_000, 41] }, ['a']],
  ['as many as must, the greatest first', { a: [0, 40], b: [0, 90], c: [0, 60] }, ['b']],
  ['several', { a: [0, 80], b: [0, 90], c: [0, 70] }, ['b', 'a']],
  ['who took something a moment ago does not count', { a: [9_001, 500], b: [0, 100] }, []],
  ['nor who has taken everything', { a: [null, 500], b: [0, 100] }, []],
] as const)('%s', (_, all, given) => {
  expect(held(all as unknown as Parameters<typeof held>[0])).toEqual(given);
});
