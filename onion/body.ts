/** The body's cipher, wide as the body: whoever changes a bit gets another body altogether. docs/spec/onion.md#body */
import { lengths, type Suite } from '../crypto/suite.ts';
import { sizes } from './sizes.ts';

/** ChaCha20's nonce: every key is used once. */
export const NONCE = new Uint8Array(lengths.nonce);

/** Enciphers a body in place with k1 to k4 (32 bytes each, side by side): what a sender does. */
export function encipherBody(suite: Suite, keys: Uint8Array, body: Uint8Array): void {
  const work = workOn(suite, keys, body);
  for (const step of [0, 2]) {
    work.combineRight(step);
    work.combineLeft(step + 1);
  }
}

/** Undoes it, in place: what a hop does. */
export function decipherBody(suite: Suite, keys: Uint8Array, body: Uint8Array): void {
  const work = workOn(suite, keys, body);
  for (const step of [2, 0]) {
    work.combineLeft(step + 1);
    work.combineRight(step);
  }
}

/** What a step passes to the next call, and nothing later: a new array for each would cost a tenth of a hash. */
const scratch = new Uint8Array(sizes.left);

/** The two kinds of step, each its own inverse. */
function workOn(suite: Suite, keys: Uint8Array, body: Uint8Array) {
  const [left, right] = [body.subarray(0, sizes.left), body.subarray(sizes.left)];
  return {
    /** R ← R ⊕ ChaCha20(L ⊕ k) */
    combineRight(step: number): void {
      const key = keyAt(keys, step);
      for (let at = 0; at < scratch.length; at++) scratch[at] = left[at]! ^ key[at]!;
      suite.chacha20InPlace(scratch, NONCE, right);
    },
    /** L ← L ⊕ BLAKE2b-256(key k, R) */
    combineLeft(step: number): void {
      suite.blake2bInto(scratch, right, keyAt(keys, step));
      for (let at = 0; at < scratch.length; at++) left[at] = left[at]! ^ scratch[at]!;
    },
  };
}

/** The key of a step, first to last as a sender goes (Anderson and Biham's LIONESS, 1996). */
const keyAt = (keys: Uint8Array, step: number): Uint8Array => keys.subarray(32 * step, 32 * step + 32);

/** The seal of 16 bytes over a body. */
export const sealOf = (suite: Suite, key: Uint8Array, body: Uint8Array): Uint8Array =>
  suite.blake2b(body, sizes.seal, key);

const expected = new Uint8Array(sizes.seal);

/** Whether a seal of 16 bytes is that of a body. */
export function isSealed(suite: Suite, key: Uint8Array, body: Uint8Array, seal: Uint8Array): boolean {
  suite.blake2bInto(expected, body, key);
  return suite.equal(expected, seal);
}
