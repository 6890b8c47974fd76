/** The suite on libsodium, which is 10 to 30 times faster than portable code. docs/spec/crypto.md#suite */
import { createRequire } from 'node:module';
import { nobleSuite } from '../crypto/noble.ts';
import { mayBeSignature } from '../crypto/points.ts';
import { checkBlake2b, checkBlocks, checkLength, lengths, type Suite } from '../crypto/suite.ts';
import { nodeSuite } from './suite-node.ts';

/** What we use of sodium-native, which comes without types. Outputs are written into the first argument. */
interface Sodium {
  randombytes_buf(out: Uint8Array): void;
  crypto_hash_sha256(out: Uint8Array, message: Uint8Array): void;
  crypto_generichash(out: Uint8Array, message: Uint8Array, key?: Uint8Array): void;
  readonly crypto_generichash_BYTES_MIN: number;
  readonly crypto_generichash_KEYBYTES_MIN: number;
  crypto_stream_chacha20_ietf_xor_ic(
    out: Uint8Array,
    message: Uint8Array,
    nonce: Uint8Array,
    counter: number,
    key: Uint8Array,
  ): void;
  crypto_aead_chacha20poly1305_ietf_encrypt(
    out: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array | null,
    secretNonce: null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  crypto_aead_chacha20poly1305_ietf_decrypt(
    out: Uint8Array,
    secretNonce: null,
    sealed: Uint8Array,
    aad: Uint8Array | null,
    nonce: Uint8Array,
    key: Uint8Array,
  ): number;
  crypto_scalarmult_base(out: Uint8Array, secret: Uint8Array): void;
  crypto_scalarmult(out: Uint8Array, secret: Uint8Array, publicKey: Uint8Array): void;
  crypto_sign_seed_keypair(publicKey: Uint8Array, secretKey: Uint8Array, seed: Uint8Array): void;
  crypto_sign_detached(out: Uint8Array, message: Uint8Array, secretKey: Uint8Array): void;
  crypto_sign_verify_detached(signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array): boolean;
}

/** Random bytes that are asked of the kernel at once, and how many of them one call may take. */
const POOL_BYTES = 4096;
const POOLED_BYTES_MAX = 64;

/** The suite, or null where the package has no prebuilt library for this platform. */
export function sodiumSuite(): Suite | null {
  try {
    const require = createRequire(import.meta.url);
    return suiteOf(require('sodium-native') as Sodium);
  } catch {
    return null;
  }
}

function suiteOf(sodium: Sodium): Suite {
  const pool = new Uint8Array(POOL_BYTES);
  let poolAt = POOL_BYTES;
  // Each call of libsodium's is one of the kernel's: a few bytes for a clock come out of what was asked for together.
  const random = (length: number): Uint8Array => {
    if (length > POOLED_BYTES_MAX) {
      const bytes = new Uint8Array(length);
      sodium.randombytes_buf(bytes);
      return bytes;
    }
    if (poolAt + length > POOL_BYTES) {
      sodium.randombytes_buf(pool);
      poolAt = 0;
    }
    const bytes = pool.slice(poolAt, poolAt + length);
    // What is given out may become a key: it is nowhere else.
    pool.fill(0, poolAt, poolAt + length);
    poolAt += length;
    return bytes;
  };
  const portable = nobleSuite(random);
  const shortestDigest = sodium.crypto_generichash_BYTES_MIN;
  const shortestKey = sodium.crypto_generichash_KEYBYTES_MIN;

  const keysOf = (seed: Uint8Array): { publicKey: Uint8Array; secretKey: Uint8Array } => {
    checkLength('an Ed25519 seed', seed, lengths.ed25519);
    const publicKey = new Uint8Array(lengths.ed25519);
    const secretKey = new Uint8Array(2 * lengths.ed25519);
    sodium.crypto_sign_seed_keypair(publicKey, secretKey, seed);
    return { publicKey, secretKey };
  };

  const blake2bInto = (out: Uint8Array, message: Uint8Array, key?: Uint8Array): void => {
    const keyBytes = key?.length ?? 0;
    checkBlake2b(out.length, keyBytes);
    // libsodium offers neither the shortest digests nor the shortest keys.
    const isShort = out.length < shortestDigest || (keyBytes > 0 && keyBytes < shortestKey);
    if (isShort) portable.blake2bInto(out, message, key);
    else sodium.crypto_generichash(out, message, keyBytes === 0 ? undefined : key);
  };

  return {
    random,

    // No branch there either; a call out costs several times as much on so few bytes.
    equal: portable.equal,

    sha256(message) {
      const digest = new Uint8Array(lengths.sha256);
      sodium.crypto_hash_sha256(digest, message);
      return digest;
    },

    blake2b(message, digestBytes, key) {
      checkBlake2b(digestBytes, key?.length ?? 0);
      const digest = new Uint8Array(digestBytes);
      blake2bInto(digest, message, key);
      return digest;
    },

    blake2bInto,

    chacha20(key, nonce, message, counter = 0) {
      checkCipher(key, nonce);
      checkBlocks(counter, message.length);
      const out = new Uint8Array(message.length);
      if (message.length > 0) sodium.crypto_stream_chacha20_ietf_xor_ic(out, message, nonce, counter, key);
      return out;
    },

    chacha20InPlace(key, nonce, bytes) {
      checkCipher(key, nonce);
      checkBlocks(0, bytes.length);
      if (bytes.length > 0) sodium.crypto_stream_chacha20_ietf_xor_ic(bytes, bytes, nonce, 0, key);
    },

    chacha20poly1305Seal(key, nonce, plaintext, aad) {
      checkCipher(key, nonce);
      const sealed = new Uint8Array(plaintext.length + lengths.tag);
      sodium.crypto_aead_chacha20poly1305_ietf_encrypt(sealed, plaintext, given(aad), null, nonce, key);
      return sealed;
    },

    chacha20poly1305Open(key, nonce, sealed, aad) {
      checkCipher(key, nonce);
      if (sealed.length < lengths.tag) return null;
      const plaintext = new Uint8Array(sealed.length - lengths.tag);
      try {
        sodium.crypto_aead_chacha20poly1305_ietf_decrypt(plaintext, null, sealed, given(aad), nonce, key);
      } catch {
        return null;
      }
      return plaintext;
    },

    // libsodium has AES in no such mode.
    aes256Ecb: nodeSuite.aes256Ecb,

    x25519PublicKey(secret) {
      checkLength('an X25519 secret', secret, lengths.x25519);
      const publicKey = new Uint8Array(lengths.x25519);
      sodium.crypto_scalarmult_base(publicKey, secret);
      return publicKey;
    },

    x25519(secret, publicKey) {
      checkLength('an X25519 secret', secret, lengths.x25519);
      if (publicKey.length !== lengths.x25519) return null;
      const shared = new Uint8Array(lengths.x25519);
      try {
        sodium.crypto_scalarmult(shared, secret, publicKey);
      } catch {
        return null;
      }
      return shared;
    },

    ed25519PublicKey: (seed) => keysOf(seed).publicKey,

    ed25519Sign(message, seed) {
      const signature = new Uint8Array(lengths.signature);
      sodium.crypto_sign_detached(signature, message, keysOf(seed).secretKey);
      return signature;
    },

    // Each version of the library has checks of its own for points of small order; ours come first.
    ed25519Verify: (signature, message, publicKey) =>
      mayBeSignature(signature, publicKey) && sodium.crypto_sign_verify_detached(signature, message, publicKey),
  };
}

const given = (aad: Uint8Array): Uint8Array | null => (aad.length === 0 ? null : aad);

function checkCipher(key: Uint8Array, nonce: Uint8Array): void {
  checkLength('a ChaCha20 key', key, lengths.key);
  checkLength('a ChaCha20 nonce', nonce, lengths.nonce);
}
