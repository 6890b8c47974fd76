/** The cryptography that the core calls at once, as functions given to it. docs/spec/crypto.md#suite */

/** Lengths in bytes of what goes in and comes out. */
export const lengths = {
  /** X25519 secrets, public keys and shared secrets (RFC 7748). */
  x25519: 32,
  /** Ed25519 seeds, the RFC's private keys, and public keys (RFC 8032). */
  ed25519: 32,
  signature: 64,
  /** ChaCha20 keys and nonces, and the tag of Poly1305 (RFC 8439). */
  key: 32,
  nonce: 12,
  tag: 16,
  /** A block of AES; its key has the length of ChaCha20's (FIPS 197). */
  aesBlock: 16,
  /** SHA-256's digest (FIPS 180-4). */
  sha256: 32,
  /** The longest digest and the longest key of BLAKE2b (RFC 7693). */
  blake2b: 64,
} as const;

/**
 * One implementation. All take and give Uint8Array, keep none of their arguments and change none (but the two functions that say where to). Two kinds of mistake:
 * what is our own (secret, key, nonce, length of a digest) throws RangeError when it has the wrong length, since the
 * program is wrong then; what came from elsewhere (public key, signature, sealed bytes) never throws, whatever it is: the
 * answer is null or false. All implementations give the same answer to the same bytes.
 */
export interface Suite {
  /** So many bytes that nobody can guess; the only function that gives something else each time. */
  readonly random: (length: number) => Uint8Array;

  /** Whether two byte strings are the same, in a time that depends on their lengths only. */
  readonly equal: (a: Uint8Array, b: Uint8Array) => boolean;

  /** SHA-256 (FIPS 180-4): 32 bytes. */
  readonly sha256: (message: Uint8Array) => Uint8Array;

  /**
   * BLAKE2b (RFC 7693) with a digest of 1 to 64 bytes, which is a parameter of the function and no truncation; keyed where
   * `key` has 1 to 64 bytes, and not where it is left out or empty.
   */
  readonly blake2b: (message: Uint8Array, digestBytes: number, key?: Uint8Array) => Uint8Array;

  /** The same, written into `out`, whose length is the digest's: for who hashes much, since each new array costs. */
  readonly blake2bInto: (out: Uint8Array, message: Uint8Array, key?: Uint8Array) => void;

  /**
   * The message combined with the key stream (RFC 8439 2.4) from block `counter` on, 0 when left out; the same again gives
   * the message back. Throws RangeError past block 2^32 - 2, where some implementations stop.
   */
  readonly chacha20: (key: Uint8Array, nonce: Uint8Array, message: Uint8Array, counter?: number) => Uint8Array;

  /** The same from block 0 on, in place: for what is long and combined several times. */
  readonly chacha20InPlace: (key: Uint8Array, nonce: Uint8Array, bytes: Uint8Array) => void;

  /** ChaCha20-Poly1305 (RFC 8439 2.8): the ciphertext and behind it the tag of 16 bytes. */
  readonly chacha20poly1305Seal: (
    key: Uint8Array,
    nonce: Uint8Array,
    plaintext: Uint8Array,
    aad: Uint8Array,
  ) => Uint8Array;

  /** The plaintext, or null when key, nonce or `aad` are others than it was sealed with, or a byte was changed. */
  readonly chacha20poly1305Open: (
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    aad: Uint8Array,
  ) => Uint8Array | null;

  /**
   * Blocks of 16 bytes, laid side by side, each enciphered for itself with AES-256 (FIPS 197; SP 800-38A 6.1, encryption
   * only). It is the compression function of hints, no way to encipher a message; key and blocks may be public.
   */
  readonly aes256Ecb: (key: Uint8Array, blocks: Uint8Array) => Uint8Array;

  /** The public key of an X25519 secret, which may be any 32 bytes (RFC 7748 5). */
  readonly x25519PublicKey: (secret: Uint8Array) => Uint8Array;

  /**
   * The secret shared with the owner of a public key (RFC 7748 6.1). null where it would be all zeros, that is for the points
   * of small order, whoever's secret it is; and for what has not 32 bytes. The top bit of a public key is ignored and a
   * coordinate from p on is reduced, as the RFC asks.
   */
  readonly x25519: (secret: Uint8Array, publicKey: Uint8Array) => Uint8Array | null;

  /** The public key of an Ed25519 seed (RFC 8032 5.1.5). */
  readonly ed25519PublicKey: (seed: Uint8Array) => Uint8Array;

  /** The signature of 64 bytes over a message (RFC 8032 5.1.6), the same each time. */
  readonly ed25519Sign: (message: Uint8Array, seed: Uint8Array) => Uint8Array;

  /**
   * Whether the signature is this key's over this message. Stricter than RFC 8032 5.1.7, so that all implementations agree
   * and nobody but the signer can make a second signature: S below the group's order, key and R in canonical form and of no
   * small order, and the equation without the cofactor (S B = R + k A).
   */
  readonly ed25519Verify: (signature: Uint8Array, message: Uint8Array, publicKey: Uint8Array) => boolean;
}

/** Throws RangeError unless `bytes` are so many. `what` names them. */
export function checkLength(what: string, bytes: Uint8Array, length: number): void {
  if (bytes.length !== length) throw new RangeError(`${what} has ${bytes.length} bytes, not ${length}`);
}

/** Throws RangeError where BLAKE2b has no digest of this length, or no key. */
export function checkBlake2b(digestBytes: number, keyBytes: number): void {
  const isDigest = Number.isInteger(digestBytes) && digestBytes >= 1 && digestBytes <= lengths.blake2b;
  if (!isDigest) throw new RangeError(`a BLAKE2b digest has 1 to ${lengths.blake2b} bytes, not ${digestBytes}`);
  if (keyBytes > lengths.blake2b) throw new RangeError(`a BLAKE2b key has up to ${lengths.blake2b} bytes`);
}

/** Throws RangeError unless this is a key of AES-256 and whole blocks. */
export function checkAes(key: Uint8Array, blocks: Uint8Array): void {
  checkLength('an AES-256 key', key, lengths.key);
  if (blocks.length % lengths.aesBlock !== 0) throw new RangeError(`${blocks.length} bytes are no whole blocks of AES`);
}

/** Throws RangeError where the key stream of RFC 8439 would begin again. */
export function checkBlocks(counter: number, messageBytes: number): void {
  const blocks = Math.ceil(messageBytes / 64);
  const fits = Number.isInteger(counter) && counter >= 0 && counter + blocks < 2 ** 32;
  if (!fits) throw new RangeError('ChaCha20 counts 2^32 - 1 blocks under one nonce');
}
