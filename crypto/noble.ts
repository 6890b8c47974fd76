/** The suite in portable JavaScript, for browsers and simulations and as the reference of the others. docs/spec/crypto.md#suite */
import { ecb } from '@noble/ciphers/aes.js';
import { chacha20, chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { blake2b } from '@noble/hashes/blake2.js';
import { sha256, sha512 } from '@noble/hashes/sha2.js';
import { mayBeSignature } from './points.ts';
import { checkAes, checkBlake2b, checkBlocks, checkLength, lengths, type Suite } from './suite.ts';

/** The suite, with chance from elsewhere: a browser gives its own, a simulation its seed's. */
export const nobleSuite = (random: (length: number) => Uint8Array): Suite => ({ random, ...functions });

const functions: Omit<Suite, 'random'> = {
  equal(a, b) {
    if (a.length !== b.length) return false;
    let difference = 0;
    for (let at = 0; at < a.length; at++) difference |= a[at]! ^ b[at]!;
    return difference === 0;
  },

  sha256: (message) => sha256(message),

  blake2b(message, digestBytes, key) {
    checkBlake2b(digestBytes, key?.length ?? 0);
    // The library takes no empty key, which is none (RFC 7693 2.5).
    return blake2b(
      message,
      key === undefined || key.length === 0 ? { dkLen: digestBytes } : { dkLen: digestBytes, key },
    );
  },

  blake2bInto: (out, message, key) => out.set(functions.blake2b(message, out.length, key)),

  chacha20(key, nonce, message, counter = 0) {
    checkCipher(key, nonce);
    checkBlocks(counter, message.length);
    return message.length === 0 ? new Uint8Array(0) : chacha20(key, nonce, message, undefined, counter);
  },

  chacha20InPlace(key, nonce, bytes) {
    checkCipher(key, nonce);
    checkBlocks(0, bytes.length);
    if (bytes.length > 0) bytes.set(chacha20(key, nonce, bytes));
  },

  chacha20poly1305Seal(key, nonce, plaintext, aad) {
    checkCipher(key, nonce);
    return chacha20poly1305(key, nonce, aad).encrypt(plaintext);
  },

  chacha20poly1305Open(key, nonce, sealed, aad) {
    checkCipher(key, nonce);
    if (sealed.length < lengths.tag) return null;
    try {
      return chacha20poly1305(key, nonce, aad).decrypt(sealed);
    } catch {
      return null;
    }
  },

  aes256Ecb(key, blocks) {
    checkAes(key, blocks);
    return blocks.length === 0 ? new Uint8Array(0) : ecb(key, { disablePadding: true }).encrypt(blocks);
  },

  x25519PublicKey(secret) {
    checkLength('an X25519 secret', secret, lengths.x25519);
    return x25519.getPublicKey(secret);
  },

  x25519(secret, publicKey) {
    checkLength('an X25519 secret', secret, lengths.x25519);
    if (publicKey.length !== lengths.x25519) return null;
    try {
      return x25519.getSharedSecret(secret, publicKey);
    } catch {
      return null;
    }
  },

  ed25519PublicKey(seed) {
    checkLength('an Ed25519 seed', seed, lengths.ed25519);
    return ed25519.getPublicKey(seed);
  },

  ed25519Sign(message, seed) {
    checkLength('an Ed25519 seed', seed, lengths.ed25519);
    return ed25519.sign(message, seed);
  },

  ed25519Verify(signature, message, publicKey) {
    return mayBeSignature(signature, publicKey) && verify(signature, message, publicKey);
  },
};

function checkCipher(key: Uint8Array, nonce: Uint8Array): void {
  checkLength('a ChaCha20 key', key, lengths.key);
  checkLength('a ChaCha20 nonce', nonce, lengths.nonce);
}

/** RFC 8032 5.1.7 without the cofactor, as libsodium and OpenSSL do it; the library's own verification multiplies by it. */
function verify(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean {
  const { Point } = ed25519;
  const { BASE, Fn } = Point;
  const r = signature.subarray(0, 32);
  const s = numberOf(signature.subarray(32));
  if (s >= Fn.ORDER) return false;
  try {
    const a = Point.fromBytes(publicKey);
    const hash = sha512.create().update(r).update(publicKey).update(message).digest();
    const k = Fn.create(numberOf(hash));
    const expected = BASE.multiplyUnsafe(s).subtract(a.multiplyUnsafe(k)).toBytes();
    return expected.every((byte, at) => byte === r[at]);
  } catch {
    // No point with this y.
    return false;
  }
}

/** The number of little-endian bytes. */
const numberOf = (bytes: Uint8Array): bigint => bytes.reduceRight((number, byte) => (number << 8n) | BigInt(byte), 0n);
