/** The list of places at home, as devices bring it up to date that know of different things. */
import { expect, test } from '@jest/globals';
import { merged } from '../../cli/person/marks.ts';
import { silent, unheard } from '../../client/session/kept.ts';

const hall = 'psyc://b.example/@hall';

/** What a device knows that has read so far, or left by that row. */
const device = (read: number | null, left: number | null = null, isOld = false): Parameters<typeof merged>[1] => ({
  hearing: { ...unheard, places: new Map(read === null ? [] : [[hall, read]]) },
  speaking: {
    ...silent,
    entered: new Map(left === null ? [] : [[hall, null]]),
    left: new Map(left === null || isOld ? [] : [[hall, left]]),
  },
});

test('the furthest row that any device has read stands there', () => {
  expect(merged([], device(5))).toEqual([`${hall} 5`]);
  expect(merged([`${hall} 7`], device(5))).toEqual([`${hall} 7`]);
});

test('who left is out on all devices, also on one that has not heard of it; who entered since is in', () => {
  const left = merged([`${hall} 9`], device(null, 10));
  expect(left).toEqual([`${hall} -10`]);
  expect(merged(left, device(9))).toEqual(left);
  expect(merged(left, device(12))).toEqual([`${hall} 12`]);
});

test('who left long ago ends no membership that began since', () => {
  expect(merged([`${hall} 12`], device(null, 10))).toEqual([`${hall} 12`]);
  // Nobody has told the row: as it was.
  expect(merged([`${hall} 12`], device(null, 10, true))).toEqual([]);
});

test('so many places that were left are remembered', () => {
  const lines = Array.from({ length: 100 }, (_, at) => `psyc://b.example/@p${at} -${at + 1}`);
  expect(merged(lines, device(5))).toHaveLength(65);
});
