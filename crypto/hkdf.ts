/** HMAC and HKDF over SHA-256, on any suite. docs/spec/crypto.md#hpke */
import { joinBytes } from './bytes.ts';
import { lengths, type Suite } from './suite.ts';

const BLOCK_BYTES = 64;

/** HMAC-SHA-256 (RFC 2104): 32 bytes. */
function hmacSha256(suite: Suite, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? suite.sha256(key) : key);
  const inner = suite.sha256(
    joinBytes(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  );
  return suite.sha256(
    joinBytes(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

/** HKDF-Extract (RFC 5869 2.2): a pseudorandom key of 32 bytes. An empty salt is that of zeros. */
export const hkdfExtract = (suite: Suite, salt: Uint8Array, keyMaterial: Uint8Array): Uint8Array =>
  hmacSha256(suite, salt, keyMaterial);

/** HKDF-Expand (RFC 5869 2.3): so many bytes, at most 8160. Throws RangeError for more. */
export function hkdfExpand(suite: Suite, key: Uint8Array, info: Uint8Array, length: number): Uint8Array {
  if (length > 255 * lengths.sha256) throw new RangeError('HKDF-Expand gives up to 8160 bytes');
  const okm = new Uint8Array(length);
  let block = new Uint8Array(0);
  for (let at = 0, index = 1; at < length; at += lengths.sha256, index++) {
    block = new Uint8Array(hmacSha256(suite, key, joinBytes(block, info, new Uint8Array([index]))));
    okm.set(block.subarray(0, length - at), at);
  }
  return okm;
}
