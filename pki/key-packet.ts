/** A key packet's body: what it says of one key, made from a seed, and the raw keys taken out again. docs/spec/pki.md#raw-keys */
import { ed25519, x25519 } from '@noble/curves/ed25519.js';
import { sha1 } from '@noble/hashes/legacy.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { equalBytes } from '../psyc/bytes.ts';
import { PkiError } from './error.ts';
import { renderUnsigned, unsigned } from './packets.ts';

/** What a key is for: signing by Ed25519 (algorithm 22), or agreeing on secrets by X25519 (18). */
export type Curve = 'ed25519' | 'x25519';

const EDDSA_LEGACY = 22;
const ECDH = 18;
const ED25519_OID = Uint8Array.of(9, 0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01);
const CURVE25519_OID = Uint8Array.of(10, 0x2b, 0x06, 0x01, 0x04, 0x01, 0x97, 0x55, 0x01, 0x05, 0x01);
// Key derivation for ECDH messages: SHA-256, AES-128 (RFC 9580 section 5.5.5.6), as every OpenPGP software writes it.
const KDF = Uint8Array.of(3, 1, 8, 7);
// A point in its native form has this octet before it (RFC 9580 section 11.2.2).
const NATIVE_POINT = 0x40;
const HEADER_BYTES = 6;

/** A public key as its packet has it. */
export type KeyPacket = {
  /** The packet's body, which fingerprint and signatures cover; of a secret key's packet the public part. */
  readonly body: Uint8Array;
  readonly curve: Curve;
  /** Unix seconds. */
  readonly created: number;
  /** The raw key, 32 bytes, as RFC 8032 or RFC 7748 have it. */
  readonly raw: Uint8Array;
  /** 40 lower-case hex digits. */
  readonly fingerprint: string;
};

const invalid = (detail: string): PkiError => new PkiError('_invalid_key', detail);

/** Bytes before a key's body in everything that is hashed (RFC 9580 sections 5.2.4 and 5.5.4.2, version 4). */
export const framedKey = (body: Uint8Array): Uint8Array =>
  concatBytes(Uint8Array.of(0x99), renderUnsigned(body.length, 2), body);

/** A multiprecision integer of big-endian bytes: bits, then no zero bytes in front (RFC 9580 section 3.2). */
function renderInteger(bytes: Uint8Array): Uint8Array {
  const from = bytes.findIndex((byte) => byte !== 0);
  const rest = from === -1 ? new Uint8Array(0) : bytes.subarray(from);
  const bits = rest.length === 0 ? 0 : rest.length * 8 - (Math.clz32(rest[0]!) - 24);
  return concatBytes(renderUnsigned(bits, 2), rest);
}

/** The integer at `at`, with zeros in front up to 32 bytes again; `end` is where it ends. */
function integer32(bytes: Uint8Array, at: number): { value: Uint8Array; end: number } {
  const size = Math.ceil(unsigned(bytes, at, 2) / 8);
  const end = at + 2 + size;
  if (size > 32 || end > bytes.length) throw invalid('a secret of at most 32 bytes');
  const value = new Uint8Array(32);
  value.set(bytes.subarray(at + 2, end), 32 - size);
  return { value, end };
}

/** The public key of a seed. For X25519 any 32 bytes do; for Ed25519 RFC 8032 section 5.1.5. */
const publicOf = (curve: Curve, seed: Uint8Array): Uint8Array =>
  curve === 'ed25519' ? ed25519.getPublicKey(seed) : x25519.getPublicKey(seed);

/** The body of a public key's packet of version 4 (RFC 9580 section 5.5.2.2). `created` in Unix seconds. */
function renderPublic(curve: Curve, raw: Uint8Array, created: number): Uint8Array {
  const point = renderInteger(Uint8Array.of(NATIVE_POINT, ...raw));
  const [algorithm, oid, rest] =
    curve === 'ed25519' ? [EDDSA_LEGACY, ED25519_OID, new Uint8Array(0)] : [ECDH, CURVE25519_OID, KDF];
  return concatBytes(Uint8Array.of(4), renderUnsigned(created, 4), Uint8Array.of(algorithm), oid, point, rest);
}

/**
 * The body of a secret key's packet, unprotected (RFC 9580 section 5.5.3), from a seed of 32 random bytes. An Ed25519 seed
 * stands there as it is; an X25519 secret clamped and with its bytes reversed, since the integer is big-endian (trap of
 * RFC 9580 section 5.5.5.6.1.1).
 */
export function renderSecret(curve: Curve, seed: Uint8Array, created: number): Uint8Array {
  const stored = curve === 'ed25519' ? seed : clamp(seed).reverse();
  const secret = renderInteger(stored);
  const sum = secret.reduce((total, byte) => (total + byte) & 0xffff, 0);
  return concatBytes(
    renderPublic(curve, publicOf(curve, seed), created),
    Uint8Array.of(0),
    secret,
    renderUnsigned(sum, 2),
  );
}

/** The scalar of RFC 7748 section 5, in bytes of its own. */
function clamp(seed: Uint8Array): Uint8Array {
  const scalar = Uint8Array.from(seed);
  scalar[0]! &= 248;
  scalar[31] = (scalar[31]! & 127) | 64;
  return scalar;
}

function readPublic(bytes: Uint8Array): KeyPacket {
  if (bytes[0] !== 4) throw new PkiError('_unsupported_version', 'keys are of version 4');
  const algorithm = bytes[5];
  if (algorithm !== EDDSA_LEGACY && algorithm !== ECDH) {
    throw new PkiError('_unsupported_algorithm', 'keys are of algorithm 22 (Ed25519) or 18 (X25519)');
  }
  const [curve, oid, rest]: [Curve, Uint8Array, Uint8Array] =
    algorithm === EDDSA_LEGACY ? ['ed25519', ED25519_OID, new Uint8Array(0)] : ['x25519', CURVE25519_OID, KDF];
  const pointAt = HEADER_BYTES + oid.length;
  if (!equalBytes(bytes.subarray(HEADER_BYTES, pointAt), oid)) {
    throw new PkiError('_unsupported_algorithm', 'keys are on the curve 25519');
  }
  const rawAt = pointAt + 3;
  const end = rawAt + 32 + rest.length;
  // 263 bits: the octet 0x40 has seven, and 32 octets follow.
  if (bytes.length < end || unsigned(bytes, pointAt, 2) !== 263 || bytes[rawAt - 1] !== NATIVE_POINT) {
    throw invalid('a point is the octet 40 and 32 more');
  }
  if (rest.length > 0 && !isKdf(bytes.subarray(rawAt + 32, end))) {
    throw new PkiError('_unsupported_algorithm', 'key derivation is by SHA-2 and AES');
  }
  const body = bytes.subarray(0, end);
  return {
    body,
    curve,
    created: unsigned(bytes, 1, 4),
    raw: bytes.subarray(rawAt, rawAt + 32),
    fingerprint: bytesToHex(sha1(framedKey(body))),
  };
}

/** SHA-256, 384 or 512 with AES: other software chooses other ones of them, and we do not use them. */
const isKdf = ([size, reserved, hash = 0, cipher = 0]: Uint8Array): boolean =>
  size === 3 && reserved === 1 && hash >= 8 && hash <= 10 && cipher >= 7 && cipher <= 9;

/** A public key's packet. Throws PkiError `_unsupported_version`, `_unsupported_algorithm`, `_invalid_key`. */
export function parsePublic(bytes: Uint8Array): KeyPacket {
  const key = readPublic(bytes);
  if (key.body.length !== bytes.length) throw invalid('nothing follows the key');
  return key;
}

/**
 * A secret key's packet: the public key, and the seed, 32 bytes, as `renderSecret` takes it (an X25519 one clamped). Throws
 * what `parsePublic` throws, and `_encrypted_secret`. A seed that does not belong to the public key is `_invalid_key`: an
 * Ed25519 signature under a foreign public key gives the seed away (Bruseghini, Huigens, Paterson: Victory by KO, 2022).
 */
export function parseSecret(bytes: Uint8Array): KeyPacket & { readonly seed: Uint8Array } {
  const key = readPublic(bytes);
  const at = key.body.length;
  if (bytes[at] !== 0) throw new PkiError('_encrypted_secret', 'the secret is under a passphrase of OpenPGP');
  const { value, end } = integer32(bytes, at + 1);
  const sum = bytes.subarray(at + 1, end).reduce((total, byte) => (total + byte) & 0xffff, 0);
  if (end + 2 !== bytes.length || unsigned(bytes, end, 2) !== sum)
    throw invalid('a secret is followed by its checksum');
  const seed = key.curve === 'ed25519' ? value : value.reverse();
  if (!equalBytes(publicOf(key.curve, seed), key.raw)) throw invalid('the secret is of another key');
  return { ...key, seed };
}
