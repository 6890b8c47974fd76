/** Which encodings of points a signature may hold: none of the eight points of small order, and none that is not canonical. */
import { expect, test } from '@jest/globals';
import { ed25519 } from '@noble/curves/ed25519.js';
import { mayBePoint } from '../../crypto/points.ts';
import { unhex } from './vectors.ts';

const { Point } = ed25519;
const torsion = Point.fromBytes(unhex('c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'));
const p = 2n ** 255n - 19n;

/** 32 bytes, little-endian. */
const encode = (number: bigint): Uint8Array =>
  Uint8Array.from({ length: 32 }, (_, at) => Number((number >> BigInt(8 * at)) & 255n));

test('no point of small order, whatever its sign', () => {
  let point = Point.ZERO;
  const seen = new Set<string>();
  for (let count = 0; count < 8; count++) {
    point = point.add(torsion);
    const bytes = point.toBytes();
    seen.add(point.toHex());
    expect(mayBePoint(bytes, 0)).toBe(false);
    bytes[31]! ^= 0x80;
    expect(mayBePoint(bytes, 0)).toBe(false);
  }
  expect(seen.size).toBe(8);
});

test('no y from p on, and any other below', () => {
  for (let y = 0n; y < 19n; y++) expect(mayBePoint(encode(p + y), 0)).toBe(false);
  for (let y = 2n; y < 40n; y++) {
    expect(mayBePoint(encode(y), 0)).toBe(true);
    expect(mayBePoint(encode(p - y), 0)).toBe(true);
  }
  expect(mayBePoint(Point.BASE.toBytes(), 0)).toBe(true);
});
