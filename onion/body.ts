/** The body's cipher, wide as the body: whoever changes a bit gets another body altogether. docs/spec/onion.md#body */
import { lengths, type Suite } from '../crypto/suite.ts';
import { sizes } from './sizes.ts';

/** ChaCha20's nonce: every key is used once. */
export const NONCE = new Uint8Array(lengths.nonce);

/** Enciphers a body in place with k1 to k4 (32 bytes each, side by side): what a sender does. */
export function encipherBody(suite: Suite, keys: Uint8Array, body: Uint8Array): void {
  const right = body.subarray(sizes.left);
  combineRight(suite, keys, 0, body, right);
  combineLeft(suite, keys, 1, body, right);
  combineRight(suite, keys, 2, body, right);
  combineLeft(suite, keys, 3, body, right);
}

/** Undoes it, in place: what a hop does. */
export function decipherBody(suite: Suite, keys: Uint8Array, body: Uint8Array): void {
  const right = body.subarray(sizes.left);
  combineLeft(suite, keys, 3, body, right);
  combineRight(suite, keys, 2, body, right);
  combineLeft(suite, keys, 1, body, right);
  combineRight(suite, keys, 0, body, right);
}

/** What a step passes to the next call, and nothing later: a new array for each would cost a tenth of a hash. */
const scratch = new Uint8Array(sizes.left);

/** R ← R ⊕ ChaCha20(L ⊕ k), k being the key of a step, first to last as a sender goes. Its own inverse, as the other one. */
function combineRight(suite: Suite, keys: Uint8Array, step: number, left: Uint8Array, right: Uint8Array): void {
  for (let at = 0; at < sizes.left; at++) scratch[at] = left[at]! ^ keys[32 * step + at]!;
  suite.chacha20InPlace(scratch, NONCE, right);
}

/** L ← L ⊕ BLAKE2b-256(key k, R) (Anderson and Biham's LIONESS, 1996). */
function combineLeft(suite: Suite, keys: Uint8Array, step: number, left: Uint8Array, right: Uint8Array): void {
  suite.blake2bInto(scratch, right, keys.subarray(32 * step, 32 * step + 32));
  for (let at = 0; at < sizes.left; at++) left[at] = left[at]! ^ scratch[at]!;
}

/** The seal of 16 bytes over a body. */
export const sealOf = (suite: Suite, key: Uint8Array, body: Uint8Array): Uint8Array =>
  suite.blake2b(body, sizes.seal, key);

const expected = new Uint8Array(sizes.seal);

/** Whether a seal of 16 bytes is that of a body. */
export function isSealed(suite: Suite, key: Uint8Array, body: Uint8Array, seal: Uint8Array): boolean {
  suite.blake2bInto(expected, body, key);
  return suite.equal(expected, seal);
}
