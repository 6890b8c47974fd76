/** The body's cipher, wide as the body: whoever changes a bit gets another body altogether. docs/spec/onion.md#body */
import { joinBytes } from '../crypto/bytes.ts';
import { lengths, type Suite } from '../crypto/suite.ts';
import { sizes } from './sizes.ts';

/** ChaCha20's nonce: every key is used once. */
export const NONCE = new Uint8Array(lengths.nonce);

const left = (body: Uint8Array): Uint8Array => body.subarray(0, sizes.left);
const right = (body: Uint8Array): Uint8Array => body.subarray(sizes.left);

/** The cipher's steps, first to last: a key for each (Anderson and Biham's LIONESS, 1996). */
const keyAt = (keys: Uint8Array, step: number): Uint8Array => keys.subarray(32 * step, 32 * step + 32);

/** A body enciphered with k1 to k4, of 128 bytes side by side: what a sender does. */
export function encipherBody(suite: Suite, keys: Uint8Array, body: Uint8Array): Uint8Array {
  let [l, r] = [left(body), right(body)];
  for (const step of [0, 2]) {
    r = suite.chacha20(xor(l, keyAt(keys, step)), NONCE, r);
    l = xor(l, suite.blake2b(r, sizes.left, keyAt(keys, step + 1)));
  }
  return joinBytes(l, r);
}

/** The same undone: what a hop does. */
export function decipherBody(suite: Suite, keys: Uint8Array, body: Uint8Array): Uint8Array {
  let [l, r] = [left(body), right(body)];
  for (const step of [2, 0]) {
    l = xor(l, suite.blake2b(r, sizes.left, keyAt(keys, step + 1)));
    r = suite.chacha20(xor(l, keyAt(keys, step)), NONCE, r);
  }
  return joinBytes(l, r);
}

/** The seal of 16 bytes over a body. */
export const sealOf = (suite: Suite, key: Uint8Array, body: Uint8Array): Uint8Array =>
  suite.blake2b(body, sizes.seal, key);

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length);
  for (let at = 0; at < out.length; at++) out[at] = a[at]! ^ b[at]!;
  return out;
}
