/** Envelopes: a context hop that a server puts on, which takes it off again with its context's key. docs/spec/onion.md#envelope */
import { joinBytes, textBytes } from '../crypto/bytes.ts';
import { lengths, type Suite } from '../crypto/suite.ts';
import { NONCE } from './body.ts';
import { OnionError } from './error.ts';
import { hintOf, type KnownKeys } from './hint.ts';
import { forgottenKey, type KeyPair, keyId, newPair, type Random } from './keys.ts';
import { envelopeOffsets as at, sizes } from './sizes.ts';

const ENVELOPE = textBytes('p3do-envelope-v1');
const REPLAY = textBytes('p3do-envelope-replay-v1');

/** What was in an envelope. */
export interface Unwrapped {
  /** 4000 bytes; a bare cell again behind new filler. */
  readonly onion: Uint8Array;
  /** Remembered, durably, before anything is sent on, until the context's secret is destroyed; whoever has it drops the cell. */
  readonly replayTag: Uint8Array;
  readonly key: KeyPair;
}

/**
 * The enveloped cell of an onion (4000 bytes) for the holder of a context's key. Draws α_e's secret and that of the decoy, 32
 * bytes each; both keys may be given, made beforehand. Throws OnionError `_onion_invalid_key` where the key is no point.
 */
export function wrapOnion(
  suite: Suite,
  contextKey: Uint8Array,
  onion: Uint8Array,
  random: Random,
  pair: KeyPair = newPair(suite, random),
  decoy: Uint8Array = forgottenKey(suite, random),
): Uint8Array {
  const alpha = pair.publicKey;
  const key = envelopeKey(suite, alpha, contextKey, suite.x25519(pair.secret, contextKey));
  if (key === null) throw new OnionError('_onion_invalid_key', "the context's key is no point of X25519");
  const hint = hintOf(suite, alpha, keyId(suite, contextKey));
  const sealed = suite.chacha20poly1305Seal(key, NONCE, onion, joinBytes(alpha, hint, decoy));
  const [ciphertext, tag] = [sealed.subarray(0, sizes.onion), sealed.subarray(sizes.onion)];
  const first = at.decoy - at.first;
  return joinBytes(alpha, hint, tag, ciphertext.subarray(0, first), decoy, ciphertext.subarray(first));
}

/** What is in a cell's envelope for one of these contexts; null: there is none for them, the cell counts as bare. */
export function unwrapCell(suite: Suite, contexts: KnownKeys<KeyPair>, cell: Uint8Array): Unwrapped | null {
  const alpha = cell.subarray(at.alpha, at.hint);
  const hint = cell.subarray(at.hint, at.tag);
  for (const pair of contexts.recognise(suite, alpha, hint)) {
    const key = envelopeKey(suite, alpha, pair.publicKey, suite.x25519(pair.secret, alpha));
    if (key === null) continue;
    const decoy = cell.subarray(at.decoy, at.rest);
    const sealed = joinBytes(
      cell.subarray(at.first, at.decoy),
      cell.subarray(at.rest),
      cell.subarray(at.tag, at.first),
    );
    const onion = suite.chacha20poly1305Open(key, NONCE, sealed, joinBytes(alpha, hint, decoy));
    if (onion !== null) return { onion, replayTag: suite.blake2b(REPLAY, sizes.replayTag, key), key: pair };
  }
  return null;
}

function envelopeKey(
  suite: Suite,
  alpha: Uint8Array,
  context: Uint8Array,
  shared: Uint8Array | null,
): Uint8Array | null {
  return shared === null ? null : suite.blake2b(joinBytes(ENVELOPE, shared, alpha, context), lengths.key);
}
