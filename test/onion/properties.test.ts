/** Properties of cells under the fastest suite: they arrive, they refuse changes, and they look like nothing. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { newPair } from '../../onion/keys.ts';
import { suite } from '../../server/suite.ts';
import {
  arrives,
  comesBack,
  diesAtNextHop,
  isPrimeOrderPoint,
  refusesChanges,
  sorts,
  stationsOf,
  worstChiSquare,
} from './properties.ts';

const kind = fc.constantFrom('server' as const, 'user' as const, 'one-time' as const);
const station = fc.record({
  kind,
  isDeposit: fc.boolean(),
  delayMs: fc.integer({ min: 0, max: 6000 }).map((units) => 10 * units),
});
const content = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ minLength: 3400, maxLength: 3422 }));

test('what is sealed is opened by those it is for, and by nobody else', () =>
  fc.assert(
    fc.property(fc.array(station, { minLength: 1, maxLength: 5 }), content, (route, sent) =>
      arrives(suite, stationsOf(suite, route), sent),
    ),
    { numRuns: 60 },
  ));

test('answers come back', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5 }), content, (layers, sent) => comesBack(suite, layers, sent)),
    { numRuns: 40 },
  ));

/** Every bit of the first 660 bytes, and every 29th of the body. */
const bits = [
  ...Array.from({ length: 660 * 8 }, (_, bit) => bit),
  ...Array.from({ length: (3436 * 8) / 29 }, (_, index) => 660 * 8 + 29 * index),
];

describe('any bit changed', () => {
  test.each(['server', 'user', 'one-time'] as const)('in a bare cell for a key of kind %s', (of) => {
    const [own] = stationsOf(suite, [{ kind: of, isDeposit: true, delayMs: 0 }]);
    // The filler's 96 bytes may be anything, but for the top bit of its point.
    expect(refusesChanges(suite, own!, null, bits)).toBe(96 * 8 - 1);
  });

  test('in an enveloped cell', () => {
    const [own] = stationsOf(suite, [{ kind: 'server', isDeposit: false, delayMs: 0 }]);
    expect(refusesChanges(suite, own!, newPair(suite, suite.random), bits)).toBe(0);
  });

  test('by a malicious hop, in what it sends on', () => {
    const [first, second] = stationsOf(suite, [
      { kind: 'one-time', isDeposit: false, delayMs: 0 },
      { kind: 'server', isDeposit: false, delayMs: 0 },
    ]);
    const inOnion = bits.filter((bit) => bit < 4000 * 8);
    expect(diesAtNextHop(suite, [first!, second!], inOnion)).toBe(inOnion.length);
  });
});

describe.each(Object.keys(sorts))('a cell: %s', (sort) => {
  test('both its α are points of the prime-order group', () => {
    for (let index = 0; index < 40; index++) {
      const cell = sorts[sort]!(suite);
      isPrimeOrderPoint(cell.subarray(0, 32));
      isPrimeOrderPoint(cell.subarray(96, 128));
    }
  });

  test('every byte looks uniform', () => {
    const cells = Array.from({ length: 1536 }, () => sorts[sort]!(suite));
    // Of 4096 places the worst is about four deviations from the mean; chi-square's tail is fatter than the normal one.
    expect(worstChiSquare(cells, [31, 127])).toBeLessThan(8);
  });
});
