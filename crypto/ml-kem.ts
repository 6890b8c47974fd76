/** ML-KEM-768 (FIPS 203): a key sealed to a public key, as nobody will open it who has a quantum computer. docs/spec/crypto.md#ml-kem */
import { ml_kem768 } from '@noble/post-quantum/ml-kem.js';
import { checkLength } from './suite.ts';

/** Bytes of what goes in and comes out. */
export const kemLengths = { seed: 64, publicKey: 1184, message: 32, ciphertext: 1088, shared: 32 } as const;

/** The public key of a seed of 64 random bytes, d ‖ z (FIPS 203 7.1, KeyGen_internal). */
export const kemPublicKey = (seed: Uint8Array): Uint8Array => ml_kem768.keygen(checked('seed', seed)).publicKey;

/**
 * A secret of 32 bytes and what only the key's holder finds it in (FIPS 203 7.2, Encaps_internal), from 32 random bytes. null:
 * these bytes are no key.
 */
export function kemSeal(
  publicKey: Uint8Array,
  message: Uint8Array,
): { shared: Uint8Array; ciphertext: Uint8Array } | null {
  checked('message', message);
  if (publicKey.length !== kemLengths.publicKey) return null;
  try {
    const { sharedSecret, cipherText } = ml_kem768.encapsulate(publicKey, message);
    return { shared: sharedSecret, ciphertext: cipherText };
  } catch {
    // The modulus check: a coefficient is not reduced.
    return null;
  }
}

/**
 * The secret, from the seed of the key (FIPS 203 7.3, Decaps_internal); another one that nobody else has where it was sealed to
 * another key or changed. null: another length.
 */
export function kemOpen(seed: Uint8Array, ciphertext: Uint8Array): Uint8Array | null {
  const { secretKey } = ml_kem768.keygen(checked('seed', seed));
  return ciphertext.length === kemLengths.ciphertext ? ml_kem768.decapsulate(ciphertext, secretKey) : null;
}

function checked(what: 'seed' | 'message', bytes: Uint8Array): Uint8Array {
  checkLength(`a ${what} of ML-KEM`, bytes, kemLengths[what]);
  return bytes;
}
