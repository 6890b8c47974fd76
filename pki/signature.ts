/** A signature packet's body: what it claims, before anybody checks it (RFC 9580 section 5.2.3). docs/spec/pki.md#signatures */
import { bytesToHex } from '@noble/hashes/utils.js';
import { decodeTextStrict } from '../psyc/bytes.ts';
import { PkiError } from './error.ts';
import { limits } from './limits.ts';
import { unsigned } from './packets.ts';

/** Types of signatures (RFC 9580 section 5.2.1). */
export const signatureTypes = {
  document: 0x00,
  certGeneric: 0x10,
  certPositive: 0x13,
  subkeyBinding: 0x18,
  keyBinding: 0x19,
  directKey: 0x1f,
  keyRevocation: 0x20,
  subkeyRevocation: 0x28,
  certRevocation: 0x30,
} as const;

/** Key flags (RFC 9580 section 5.2.3.29). */
export const keyFlags = { certify: 0x01, sign: 0x02, encrypt: 0x0c, authenticate: 0x20 } as const;

/** What a signature claims. Only hashed subpackets count, but for the issuer's, which the check of the signature proves. */
export type Signature = {
  readonly body: Uint8Array;
  readonly type: number;
  readonly keyAlgorithm: number;
  readonly hashAlgorithm: number;
  /** Unix seconds; -1 when it does not say. */
  readonly created: number;
  /** Unix seconds; Infinity when it never ends. */
  readonly expires: number;
  /** False for certifications that are for one machine only. */
  readonly exportable: boolean;
  /** Fingerprint of the signing key, 40 lower-case hex digits; '' when it does not say. */
  readonly issuer: string;
  /** Seconds from the key's creation to its end; 0 when it never ends. */
  readonly keySeconds: number;
  /** Bits of `keyFlags`. */
  readonly flags: number;
  /** Reason for revocation (RFC 9580 section 5.2.3.31); -1 when it gives none. */
  readonly reason: number;
  /** How deep the signed key's own certifications count, and how much of 120 (RFC 9580 section 5.2.3.21); null: they do not. */
  readonly trust: { readonly depth: number; readonly amount: number } | null;
  /** The regular expression that they are limited to, as GnuPG has them; null: there is none, or it does not end in a zero. */
  readonly scope: string | null;
  /** Body of the signature inside it; null when there is none. */
  readonly embedded: Uint8Array | null;
  /** Whether it names a key that may revoke the signed one (subpacket 12), anywhere. */
  readonly hasRevoker: boolean;
  /** Whether something in it must be understood and is not: it counts for nothing then. */
  readonly hasUnknownCritical: boolean;
};

type Subpacket = { type: number; critical: boolean; body: Uint8Array; hashed: boolean };

const types = {
  created: 2,
  expires: 3,
  exportable: 4,
  trust: 5,
  scope: 6,
  keySeconds: 9,
  revoker: 12,
  notation: 20,
  flags: 27,
  reason: 29,
  embedded: 32,
  issuer: 33,
} as const;

// Understood, or without meaning for what we decide; notations are not among them, so a critical one voids the signature.
const understood = new Set([2, 3, 4, 5, 6, 7, 9, 11, 16, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 39]);

const invalid = (): PkiError => new PkiError('_invalid_signature', 'a signature packet that cannot be read');

/** Throws PkiError `_unsupported_version` for all but version 4, `_invalid_signature`. */
export function parseSignature(body: Uint8Array): Signature {
  if (body[0] !== 4) throw new PkiError('_unsupported_version', 'signatures are of version 4');
  const hashedEnd = areaEnd(body, 4);
  const unhashedEnd = areaEnd(body, hashedEnd);
  if (unhashedEnd + 2 > body.length) throw invalid();
  const subpackets = [
    ...area(body.subarray(6, hashedEnd), true),
    ...area(body.subarray(hashedEnd + 2, unhashedEnd), false),
  ];
  if (subpackets.length > limits.subpacketsMax) throw invalid();
  // Of two the last one counts, as in GnuPG and OpenPGP.js.
  const last = (type: number, hashed = true): Uint8Array | undefined =>
    subpackets.findLast((subpacket) => subpacket.type === type && (subpacket.hashed || !hashed))?.body;
  const number = (type: number, size: number, otherwise: number): number => {
    const bytes = last(type);
    if (bytes === undefined) return otherwise;
    if (bytes.length < size) throw invalid();
    return unsigned(bytes, 0, size);
  };
  const created = number(types.created, 4, -1);
  const seconds = number(types.expires, 4, 0);
  const issuer = last(types.issuer, false);
  const [trust, scope] = [last(types.trust), last(types.scope)];
  if (trust !== undefined && trust.length < 2) throw invalid();
  return {
    body,
    type: body[1]!,
    keyAlgorithm: body[2]!,
    hashAlgorithm: body[3]!,
    created,
    expires: seconds === 0 ? Infinity : created + seconds,
    exportable: number(types.exportable, 1, 1) !== 0,
    issuer: issuer !== undefined && issuer[0] === 4 && issuer.length === 21 ? bytesToHex(issuer.subarray(1)) : '',
    keySeconds: number(types.keySeconds, 4, 0),
    flags: number(types.flags, 1, 0),
    reason: number(types.reason, 1, -1),
    trust: trust === undefined ? null : { depth: unsigned(trust, 0, 1), amount: unsigned(trust, 1, 1) },
    scope: scope !== undefined && scope.at(-1) === 0 ? decodeTextStrict(scope.subarray(0, -1)) : null,
    embedded: last(types.embedded, false) ?? null,
    hasRevoker: subpackets.some(({ type }) => type === types.revoker),
    hasUnknownCritical: subpackets.some(({ type, critical, hashed }) => hashed && critical && !understood.has(type)),
  };
}

/** Where the area of subpackets ends whose two bytes of length are at `at`. */
function areaEnd(body: Uint8Array, at: number): number {
  if (at + 2 > body.length) throw invalid();
  const end = at + 2 + unsigned(body, at, 2);
  if (end > body.length) throw invalid();
  return end;
}

function area(bytes: Uint8Array, hashed: boolean): Subpacket[] {
  const subpackets: Subpacket[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at]!;
    const size = first < 192 ? 1 : first < 255 ? 2 : 5;
    if (at + size > bytes.length) throw invalid();
    const length =
      size === 1 ? first : size === 2 ? ((first - 192) << 8) + bytes[at + 1]! + 192 : unsigned(bytes, at + 1, 4);
    at += size;
    if (length === 0 || at + length > bytes.length) throw invalid();
    const type = bytes[at]!;
    subpackets.push({ type: type & 0x7f, critical: type >= 0x80, body: bytes.subarray(at + 1, at + length), hashed });
    at += length;
  }
  return subpackets;
}

// SHA-256, 384, 512. SHA-1 certifications can be collided with a chosen prefix (Leurent, Peyrin: SHAmbles, 2020).
const strongHashes = new Set([8, 9, 10]);

/** Whether it may count at all, before its mathematics is checked. A signature in the future is the reader's to judge. */
export const isAcceptable = (signature: Signature): boolean =>
  signature.created >= 0 &&
  signature.exportable &&
  !signature.hasUnknownCritical &&
  strongHashes.has(signature.hashAlgorithm);
