/** Key pairs of X25519, those of which nobody keeps the secret, and the ids of keys. docs/spec/onion.md#notation */
import { joinBytes, textBytes } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { sizes } from './sizes.ts';

/** So many bytes that nobody can guess: a suite's, a simulation's, or in vectors those that are printed. */
export type Random = (length: number) => Uint8Array;

/** An X25519 secret and its public key, 32 bytes each. */
export interface KeyPair {
  readonly secret: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** The pair of a secret. */
export const pairOf = (suite: Suite, secret: Uint8Array): KeyPair => ({
  secret,
  publicKey: suite.x25519PublicKey(secret),
});

/** A fresh pair; draws 32 bytes. */
export const newPair = (suite: Suite, random: Random): KeyPair => pairOf(suite, random(sizes.alpha));

/**
 * A forgotten key: the public half of a fresh pair. Random bytes would not do where a point is expected: one in 32 is the
 * coordinate of a point of the prime-order group with the top bit clear. Draws 32 bytes.
 */
export const forgottenKey = (suite: Suite, random: Random): Uint8Array => newPair(suite, random).publicKey;

const HINT = textBytes('p3do-hint-v1');

/** id(K), 16 bytes: what hints are made of. */
export const keyId = (suite: Suite, publicKey: Uint8Array): Uint8Array =>
  suite.blake2b(joinBytes(HINT, publicKey), sizes.hint);
