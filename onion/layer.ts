/** A layer: its secret, of each kind, and the keys that come of it. docs/spec/onion.md#layers */
import { joinBytes, textBytes } from '../crypto/bytes.ts';
import { lengths, type Suite } from '../crypto/suite.ts';
import { OnionError } from './error.ts';
import { hintOf } from './hint.ts';
import { type KeyPair, keyId } from './keys.ts';
import { sizes } from './sizes.ts';

const DH = textBytes('p3do-dh-v1');
const TAG = textBytes('p3do-tag-v1');
const ONE_TIME = textBytes('p3do-one-time-v1');
const LAYER = textBytes('p3do-layer-v1');

/** The keys of one layer, parts of one piece of memory; all secret but the replay tag, which says nothing. */
export interface LayerKeys {
  readonly mac: Uint8Array;
  readonly stream: Uint8Array;
  /** k1 to k4, side by side. */
  readonly body: Uint8Array;
  readonly replayTag: Uint8Array;
  readonly seal: Uint8Array;
  readonly deposit: Uint8Array;
}

const messages = [0, 1, 2, 3].map((index) => joinBytes(LAYER, new Uint8Array([index])));

/** The key schedule: 256 bytes from the layer's secret of 32. */
export function layerKeys(suite: Suite, secret: Uint8Array): LayerKeys {
  const bytes = new Uint8Array(messages.length * lengths.blake2b);
  let at = 0;
  for (const message of messages) suite.blake2bInto(bytes.subarray(at, (at += lengths.blake2b)), message, secret);
  return {
    mac: bytes.subarray(0, 32),
    stream: bytes.subarray(32, 64),
    body: bytes.subarray(64, 192),
    replayTag: bytes.subarray(192, 208),
    seal: bytes.subarray(208, 224),
    deposit: bytes.subarray(224, 256),
  };
}

/** The text, and room for the shared secret, α and K: filled anew each time. */
const dh = joinBytes(DH, new Uint8Array(3 * lengths.x25519));

/**
 * The secret between α and the key K, from either side: `secret` belongs to one of them, `other` is the other's public half.
 * null where X25519 gives zeros: the cell is not for this key, or the key is none.
 */
function sharedSecret(
  suite: Suite,
  alpha: Uint8Array,
  key: Uint8Array,
  secret: Uint8Array,
  other: Uint8Array,
): Uint8Array | null {
  const shared = suite.x25519(secret, other);
  if (shared === null) return null;
  dh.set(shared, DH.length);
  dh.set(alpha, DH.length + lengths.x25519);
  dh.set(key, DH.length + 2 * lengths.x25519);
  const layerSecret = suite.blake2b(dh, 32);
  // No secret stays behind there.
  dh.fill(0, DH.length);
  return layerSecret;
}

/** The layer secret of a cell with this α for the holder of `key`; null: not his. */
export const secretOfHolder = (suite: Suite, alpha: Uint8Array, key: KeyPair): Uint8Array | null =>
  sharedSecret(suite, alpha, key.publicKey, key.secret, alpha);

/** The hint of a layer for a user's key, 16 bytes, from the layer's secret: only its holder can tell. */
export const userHint = (suite: Suite, secret: Uint8Array): Uint8Array => suite.blake2b(TAG, sizes.hint, secret);

/** The tag of a one-time secret, 16 bytes, which stands in the hint's place. */
export const oneTimeTag = (suite: Suite, secret: Uint8Array): Uint8Array => suite.blake2b(ONE_TIME, sizes.hint, secret);

/** Whom a layer is for, and the fresh key behind its α. Of a one-time layer's pair only the public half is used: a forgotten key. */
export type LayerFor =
  | { readonly kind: 'server' | 'user'; readonly key: Uint8Array; readonly pair: KeyPair }
  | { readonly kind: 'one-time'; readonly secret: Uint8Array; readonly alpha: Uint8Array };

/** What a sender knows of a layer. */
export interface Layer {
  readonly alpha: Uint8Array;
  readonly hint: Uint8Array;
  readonly keys: LayerKeys;
}

/** A layer for somebody. Throws OnionError `_onion_invalid_key` where the key is no point. */
export function layerFor(suite: Suite, whom: LayerFor): Layer {
  if (whom.kind === 'one-time') {
    return { alpha: whom.alpha, hint: oneTimeTag(suite, whom.secret), keys: layerKeys(suite, whom.secret) };
  }
  const { kind, key, pair } = whom;
  const alpha = pair.publicKey;
  const secret = sharedSecret(suite, alpha, key, pair.secret, key);
  if (secret === null) throw new OnionError('_onion_invalid_key', 'a key of the route is no point of X25519');
  const hint = kind === 'user' ? userHint(suite, secret) : hintOf(suite, alpha, keyId(suite, key));
  return { alpha, hint, keys: layerKeys(suite, secret) };
}
