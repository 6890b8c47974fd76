/** What somebody who knows a layer's keys, as its maker does, can change in it and still be believed. */
import { joinBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { decipherBody, encipherBody, sealOf } from '../../onion/body.ts';
import { fieldsOf } from '../../onion/cell.ts';
import { macOf } from '../../onion/head.ts';
import type { LayerKeys } from '../../onion/layer.ts';
import { offsets } from '../../onion/sizes.ts';

const patched = (bytes: Uint8Array, at: number, patch: Uint8Array): Uint8Array =>
  joinBytes(bytes.subarray(0, at), patch, bytes.subarray(at + patch.length));

/** The onion with other bytes in its outermost block, and a mac that is right. */
export function withBlock(suite: Suite, onion: Uint8Array, keys: LayerKeys, at: number, patch: Uint8Array): Uint8Array {
  const { alpha, hint, beta } = fieldsOf(onion);
  const nonce = new Uint8Array(12);
  const plain = patched(suite.chacha20(keys.stream, nonce, beta), at, patch);
  const other = suite.chacha20(keys.stream, nonce, plain);
  return joinBytes(
    onion.subarray(0, offsets.mac),
    macOf(suite, keys, alpha, hint, other),
    other,
    onion.subarray(offsets.seal),
  );
}

/** The onion with other bytes in the body that its last hop deciphers, and a seal that is right. */
export function withBody(suite: Suite, onion: Uint8Array, keys: LayerKeys, at: number, patch: Uint8Array): Uint8Array {
  const body = fieldsOf(onion).body.slice();
  decipherBody(suite, keys.body, body);
  body.set(patch, at);
  encipherBody(suite, keys.body, body);
  return joinBytes(onion.subarray(0, offsets.seal), sealOf(suite, keys.seal, body), body);
}
