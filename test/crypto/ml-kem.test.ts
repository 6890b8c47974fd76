/** ML-KEM-768 against the accumulated vectors that Go's library is tested with, and what is no key. */
import { shake128 } from '@noble/hashes/sha3.js';
import { expect, test } from '@jest/globals';
import { hexOf } from '../../crypto/bytes.ts';
import { kemLengths, kemOpen, kemPublicKey, kemSeal } from '../../crypto/ml-kem.ts';
import { suite } from '../../server/suite.ts';

test('a hundred keys, secrets, and ciphertexts that are none, in one digest', () => {
  const draw = shake128.create();
  const said = shake128.create();
  for (let round = 0; round < 100; round++) {
    const seed = draw.xof(kemLengths.seed);
    const publicKey = kemPublicKey(seed);
    const { shared, ciphertext } = kemSeal(publicKey, draw.xof(kemLengths.message))!;
    expect(kemOpen(seed, ciphertext)).toEqual(shared);
    said.update(publicKey).update(ciphertext).update(shared);
    said.update(kemOpen(seed, draw.xof(kemLengths.ciphertext))!);
  }
  expect(hexOf(said.xof(32))).toBe('1114b1b6699ed191734fa339376afa7e285c9e6acf6ff0177d346696ce564415');
});

test('other lengths, and coefficients above the modulus, are refused', () => {
  const seed = suite.random(kemLengths.seed);
  const key = kemPublicKey(seed);
  const message = suite.random(kemLengths.message);
  const unreduced = key.map((byte, at) => (at < 2 ? 0xff : byte));
  for (const bad of [unreduced, key.subarray(1), new Uint8Array(0)]) expect(kemSeal(bad, message)).toBeNull();
  expect(kemOpen(seed, new Uint8Array(kemLengths.ciphertext - 1))).toBeNull();
  expect(() => kemPublicKey(new Uint8Array(63))).toThrow(RangeError);
  expect(() => kemSeal(key, new Uint8Array(31))).toThrow(RangeError);
});
