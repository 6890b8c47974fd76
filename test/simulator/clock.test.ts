/** Virtual time: everything happens in order of time, and at one time in the order in which it was planned. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Clock } from '../../simulator/clock.ts';

test('things happen in order of time, ties in order of planning', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 20 })), (delays) => {
      const clock = new Clock();
      const happened: [number, number][] = [];
      delays.forEach((delay, index) => clock.after(delay, () => happened.push([clock.nowUs, index])));
      while (clock.tick());
      const expected = delays.map((delay, index): [number, number] => [delay, index]);
      expected.sort(([a, i], [b, j]) => a - b || i - j);
      expect(happened).toEqual(expected);
      expect(clock.planned).toBe(0);
    }),
  );
});

test('what happens can plan more; time never goes back', () => {
  const clock = new Clock();
  const times: number[] = [];
  const again = (left: number): void => {
    times.push(clock.nowUs);
    if (left > 0) clock.after(left, () => again(left - 1));
    if (left === 2) clock.at(0, () => times.push(-clock.nowUs));
  };
  clock.after(1500, () => again(3));
  while (clock.tick());
  expect(times).toEqual([1500, 1503, -1503, 1505, 1506]);
  expect(clock.nowMs).toBe(1);
  expect(clock.tick()).toBe(false);
});

test.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('%d is no delay', (delay) => {
  expect(() => new Clock().after(delay, () => {})).toThrow(RangeError);
});
