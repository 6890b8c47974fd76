/** Sealing to a public key: HPKE in base mode, one message, on X25519, HKDF-SHA256 and ChaCha20-Poly1305 (RFC 9180). docs/spec/crypto.md#hpke */
import { joinBytes, textBytes } from './bytes.ts';
import { hkdfExpand, hkdfExtract } from './hkdf.ts';
import { lengths, type Suite } from './suite.ts';

/** Bytes that sealing adds: the encapsulated key in front, the tag behind. */
export const HPKE_OVERHEAD_BYTES = lengths.x25519 + lengths.tag;

const VERSION = textBytes('HPKE-v1');
/** "KEM" and its number 0x0020; "HPKE" and the numbers of KEM, KDF and AEAD (RFC 9180 4.1, 5.1, 7). */
const KEM_SUITE = joinBytes(textBytes('KEM'), new Uint8Array([0, 0x20]));
const HPKE_SUITE = joinBytes(textBytes('HPKE'), new Uint8Array([0, 0x20, 0, 1, 0, 3]));
const MODE_BASE = new Uint8Array([0]);
const NOTHING = new Uint8Array(0);

/**
 * The encapsulated key (32 bytes), the ciphertext and its tag (16). null where `publicKey` is none: a point of small order, or not
 * 32 bytes. The secret used once comes from the suite's chance; `ephemeral` gives another one, for vectors only.
 */
export function hpkeSeal(
  suite: Suite,
  publicKey: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  plaintext: Uint8Array,
  ephemeral: Uint8Array = suite.random(lengths.x25519),
): Uint8Array | null {
  const shared = suite.x25519(ephemeral, publicKey);
  if (shared === null) return null;
  const enc = suite.x25519PublicKey(ephemeral);
  const { key, nonce } = schedule(suite, shared, enc, publicKey, info);
  return joinBytes(enc, suite.chacha20poly1305Seal(key, nonce, plaintext, aad));
}

/** The plaintext, or null when it was not sealed to this key with this `info` and `aad`. `secret` has 32 bytes. */
export function hpkeOpen(
  suite: Suite,
  secret: Uint8Array,
  info: Uint8Array,
  aad: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  if (sealed.length < HPKE_OVERHEAD_BYTES) return null;
  const enc = sealed.subarray(0, lengths.x25519);
  const shared = suite.x25519(secret, enc);
  if (shared === null) return null;
  const { key, nonce } = schedule(suite, shared, enc, suite.x25519PublicKey(secret), info);
  return suite.chacha20poly1305Open(key, nonce, sealed.subarray(lengths.x25519), aad);
}

/** Key and nonce of the first message (RFC 9180 4.1 ExtractAndExpand, 5.1 KeySchedule with neither psk nor psk_id). */
function schedule(suite: Suite, dh: Uint8Array, enc: Uint8Array, publicKey: Uint8Array, info: Uint8Array) {
  const eaePrk = labeledExtract(suite, KEM_SUITE, NOTHING, 'eae_prk', dh);
  const shared = labeledExpand(suite, KEM_SUITE, eaePrk, 'shared_secret', joinBytes(enc, publicKey), 32);
  const pskIdHash = labeledExtract(suite, HPKE_SUITE, NOTHING, 'psk_id_hash', NOTHING);
  const infoHash = labeledExtract(suite, HPKE_SUITE, NOTHING, 'info_hash', info);
  const context = joinBytes(MODE_BASE, pskIdHash, infoHash);
  const secret = labeledExtract(suite, HPKE_SUITE, shared, 'secret', NOTHING);
  return {
    key: labeledExpand(suite, HPKE_SUITE, secret, 'key', context, lengths.key),
    nonce: labeledExpand(suite, HPKE_SUITE, secret, 'base_nonce', context, lengths.nonce),
  };
}

/** RFC 9180 4, LabeledExtract. */
function labeledExtract(suite: Suite, id: Uint8Array, salt: Uint8Array, label: string, ikm: Uint8Array): Uint8Array {
  return hkdfExtract(suite, salt, joinBytes(VERSION, id, textBytes(label), ikm));
}

/** RFC 9180 4, LabeledExpand. */
function labeledExpand(
  suite: Suite,
  id: Uint8Array,
  key: Uint8Array,
  label: string,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const labeled = joinBytes(new Uint8Array([length >>> 8, length]), VERSION, id, textBytes(label), info);
  return hkdfExpand(suite, key, labeled, length);
}
