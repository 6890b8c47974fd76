/** The fingerprint: BLAKE2b over an encoding in which no two traces look alike. */
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Plain, Trace } from '../../simulator/trace.ts';

const plain: fc.Arbitrary<Plain> = fc.letrec<{ value: Plain }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.string(),
    fc.integer({ min: -(2 ** 52), max: 2 ** 52 }),
    fc.boolean(),
    fc.constant(null),
    fc.uint8Array({ maxLength: 10 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

function fingerprint(...values: Plain[]): string {
  const trace = new Trace();
  for (const value of values) trace.add(1, 'host', '>', { value });
  return trace.fingerprint();
}

test('the fingerprint of nothing is BLAKE2b-256 of nothing', () => {
  expect(new Trace().fingerprint()).toBe('0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8');
});

test('equal values give equal fingerprints, and others others', () => {
  const text = (value: Plain): string =>
    JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? { bytes: [...part] } : part));
  fc.assert(
    fc.property(plain, plain, (a, b) => {
      expect(fingerprint(a)).toBe(fingerprint(a));
      expect(fingerprint(a) === fingerprint(b)).toBe(text(a) === text(b));
      expect(fingerprint(a, b)).not.toBe(fingerprint([a, b]));
    }),
  );
  expect(fingerprint('a', 'b')).not.toBe(fingerprint('b', 'a'));
  expect(fingerprint('1')).not.toBe(fingerprint(1));
  expect(fingerprint(new Uint8Array(40_000))).not.toBe(fingerprint(new Uint8Array(40_001)));
});

test('any changed bit of long bytes counts, and where it is', () => {
  const cell = Uint8Array.from({ length: 4_146 }, (_, at) => (at * 7) % 251);
  const changed = (at: number): string => fingerprint(cell.map((byte, index) => (index === at ? byte ^ 1 : byte)));
  const prints = [fingerprint(cell), ...[0, 1, 2_000, 4_144, 4_145].map(changed)];
  expect(new Set(prints).size).toBe(prints.length);
});

test('time, place and direction count too; a listener changes nothing', () => {
  const of = (atUs: number, at: string, sign: '>' | '<'): string => {
    const lines: unknown[] = [];
    const [silent, watched] = [new Trace(), new Trace((line) => lines.push(line))];
    for (const trace of [silent, watched]) trace.add(atUs, at, sign, { kind: 'x' });
    expect(lines).toEqual([{ atUs, at, sign, what: { kind: 'x' } }]);
    const print = silent.fingerprint();
    expect(watched.fingerprint()).toBe(print);
    return print;
  };
  expect(new Set([of(1, 'a', '>'), of(2, 'a', '>'), of(1, 'b', '>'), of(1, 'a', '<')]).size).toBe(4);
});

test('numbers that zigzag would run together are none', () => {
  expect(fingerprint(2 ** 52)).not.toBe(fingerprint(2 ** 52 - 1));
  expect(fingerprint(-(2 ** 52))).not.toBe(fingerprint(2 ** 52));
});

test.each<[string, unknown]>([
  ['a Map', new Map([[1, 2]])],
  ['a Set', new Set([1])],
  ['a bigint', 1n],
  ['a function', () => 1],
  ['an instance', new Trace()],
  ['other numbers in a row', new Uint16Array(2)],
])('%s is not for a trace: it would look like every other', (_, value) => {
  expect(() => new Trace().add(0, 'host', '>', { value: value as Plain })).toThrow(TypeError);
});

test.each([0.5, Number.NaN, 2 ** 52 + 1, -(2 ** 52) - 1, 2 ** 53])(
  '%d is not for a trace: engines might print it differently',
  (number) => {
    expect(() => new Trace().add(0, 'host', '>', { number })).toThrow(RangeError);
  },
);
