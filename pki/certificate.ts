/** A public key whose own signatures hold: what it says of itself, times left to the caller. docs/spec/pki.md#keys */
import { parseArmour } from './armour.ts';
import { PkiError, type PkiCode } from './error.ts';
import { type KeyPacket, parsePublic } from './key-packet.ts';
import { limits } from './limits.ts';
import { readVerifier, type Subject, verify, type Verifier } from './openpgp.ts';
import { type Part, parseParts, textOf } from './parts.ts';
import { keyFlags, type Signature, signatureTypes } from './signature.ts';
import { isBinding, isSubkeyRevocation, readBinding } from './subkey.ts';

/** A user id that its key has signed; times in Unix seconds. */
type UserId = {
  readonly text: string;
  readonly from: number;
  /** When its own signature ends; Infinity when never. */
  readonly until: number;
  /** Whether the key took it back. */
  readonly isRevoked: boolean;
  /** Signatures by other keys; nobody has checked them. */
  readonly foreign: readonly Signature[];
};

/** A subkey that its key has bound; times in Unix seconds. */
type Subkey = {
  readonly key: KeyPacket;
  /** Bits of `keyFlags`. */
  readonly flags: number;
  readonly until: number;
  readonly isRevoked: boolean;
  /** Whether the subkey signed the binding too, so that nobody binds another's (RFC 9580 section 5.2.1.9). */
  readonly isMutual: boolean;
};

/** A public key (RFC 9580 calls it a certificate), its own signatures checked. */
export type Certificate = {
  /** As read; other keys' signatures are in it. */
  readonly bytes: Uint8Array;
  readonly key: KeyPacket;
  readonly verifier: Verifier;
  readonly flags: number;
  /** Unix seconds; Infinity when it never ends. */
  readonly until: number;
  /** Null, or how it was revoked: hard (compromised, or no reason given) voids what it ever signed. */
  readonly revocation: null | { readonly isHard: boolean; readonly created: number };
  readonly userIds: readonly UserId[];
  readonly subkeys: readonly Subkey[];
};

// Reasons after which what was signed before still counts (RFC 9580 section 5.2.3.31): superseded, retired.
const softReasons = new Set([1, 3]);

const isKeyRevocation = ({ type }: Signature): boolean => type === signatureTypes.keyRevocation;

/** Whether a signature revokes the key it is on, so that all it ever signed is void. */
export const isHardRevocation = (signature: Signature): boolean =>
  isKeyRevocation(signature) && !softReasons.has(signature.reason);

/** Whether a signature revokes the key it is on, and what it signed before still counts. */
export const isSoftRevocation = (signature: Signature): boolean =>
  isKeyRevocation(signature) && softReasons.has(signature.reason);

/** Whether a signature is over a key itself, and says how it may be used. */
export const isDirect = ({ type }: Signature): boolean => type === signatureTypes.directKey;

/**
 * Reads a public key and checks its own signatures. Throws PkiError: what `parseParts` and `parsePublic` throw,
 * `_unsigned_user_id`, `_unbound_subkey`, `_excessive_bad_signatures`.
 */
export async function readCertificate(bytes: Uint8Array): Promise<Certificate> {
  const parts = parseParts(bytes, 'public');
  const key = parsePublic(parts.primary.packet.body);
  if (key.curve !== 'ed25519') throw new PkiError('_unsupported_algorithm', 'a primary key signs');
  const verifier = await readVerifier(key);
  const subject: Subject = { kind: 'key', key: key.body };
  const patience = { failures: 0 };
  const { signatures } = parts.primary;
  // A hard one is for ever: who has the key cannot soften it by another.
  const revocation =
    (await newest(verifier, subject, signatures, isHardRevocation, patience)) ??
    (await newest(verifier, subject, signatures, isSoftRevocation, patience));
  const direct = await newest(verifier, subject, signatures, isDirect, patience);
  const users = await Promise.all(parts.userIds.map((part) => readUserId(verifier, part, patience)));
  const selves = users.map(({ self }) => self);
  const self = [...selves, ...(direct === null ? [] : [direct])].reduce((a, b) => (b.created > a.created ? b : a));
  return {
    bytes,
    key,
    verifier,
    flags: self.flags,
    until: self.keySeconds === 0 ? Infinity : key.created + self.keySeconds,
    revocation: revocation === null ? null : { isHard: isHardRevocation(revocation), created: revocation.created },
    userIds: users.map(({ userId }) => userId),
    subkeys: await Promise.all(parts.subkeys.map((part) => readSubkey(verifier, part, patience))),
  };
}

/** `readCertificate` of the text form. Throws PkiError `_invalid_armour` too. */
export const readArmouredCertificate = async (text: string): Promise<Certificate> => readCertificate(parseArmour(text));

/** Signatures that did not hold, of those that somebody looked at together. */
export type Patience = { failures: number };

/**
 * The newest signature of these types that holds, or null. Others are not checked. Throws PkiError
 * `_excessive_bad_signatures`: a check costs much more than what it is made of, and whoever means well has none that fail.
 */
export async function newest(
  verifier: Verifier,
  subject: Subject,
  signatures: readonly Signature[],
  isWanted: (signature: Signature) => boolean,
  patience: Patience = { failures: 0 },
): Promise<Signature | null> {
  const wanted = signatures.filter((signature) => signature.issuer === verifier.key.fingerprint && isWanted(signature));
  for (const signature of wanted.sort((a, b) => b.created - a.created)) {
    if (await verify(verifier, subject, signature)) return signature;
    if (++patience.failures > limits.badSignaturesMax) {
      throw new PkiError(
        '_excessive_bad_signatures',
        `more than ${limits.badSignaturesMax} signatures that do not hold`,
      );
    }
  }
  return null;
}

/** Whether a signature certifies a user id: the four types mean the same (RFC 9580 section 5.2.1). */
export const isCertification = ({ type }: Signature): boolean =>
  type >= signatureTypes.certGeneric && type <= signatureTypes.certPositive;

async function readUserId(
  verifier: Verifier,
  part: Part,
  patience: Patience,
): Promise<{ userId: UserId; self: Signature }> {
  const text = textOf(part.packet);
  const subject: Subject = { kind: 'user id', key: verifier.key.body, userId: text };
  const self = await newest(verifier, subject, part.signatures, isCertification, patience);
  if (self === null) throw new PkiError('_unsigned_user_id', 'a user id that its key has not signed');
  const { certRevocation } = signatureTypes;
  const revocation = await newest(verifier, subject, part.signatures, ({ type }) => type === certRevocation, patience);
  const isRevoked = revocation !== null && revocation.created >= self.created;
  const foreign = part.signatures.filter(({ issuer }) => issuer !== verifier.key.fingerprint);
  return { userId: { text, from: self.created, until: self.expires, isRevoked, foreign }, self };
}

async function readSubkey(verifier: Verifier, part: Part, patience: Patience): Promise<Subkey> {
  const key = parsePublic(part.packet.body);
  const subject: Subject = { kind: 'subkey', key: verifier.key.body, subkey: key.body };
  const binding = await newest(verifier, subject, part.signatures, isBinding, patience);
  if (binding === null) throw new PkiError('_unbound_subkey', 'a subkey that its key has not bound');
  const { until, isMutual, mayBind } = await readBinding(key, subject, binding);
  if (!mayBind) throw new PkiError('_unbound_subkey', 'a signing subkey that has not signed its binding');
  const isRevoked = (await newest(verifier, subject, part.signatures, isSubkeyRevocation, patience)) !== null;
  return { key, flags: binding.flags, until, isRevoked, isMutual };
}

/** Throws PkiError `_revoked_key` or `_expired_key` (also for a key of the future) unless the key is good at `now`, Unix seconds. */
export function checkGood({ key, until, revocation }: Certificate, now: number): void {
  if (revocation !== null) throw new PkiError('_revoked_key', 'the key is revoked');
  if (now >= until) throw new PkiError('_expired_key', 'the key has expired');
  if (key.created > now + limits.skewSeconds) throw new PkiError('_expired_key', 'the key is of the future');
}

/** The raw Ed25519 key with flag [A] that signs circuits: 32 bytes, or null where none is good at `now`, Unix seconds. */
export function circuitKey({ subkeys }: Certificate, now: number): Uint8Array | null {
  const good = subkeys.filter(
    ({ key, flags, until, isRevoked, isMutual }) =>
      key.curve === 'ed25519' && flags === keyFlags.authenticate && isMutual && !isRevoked && now < until,
  );
  return good.at(-1)?.key.raw ?? null;
}

/** A raw X25519 key of 32 bytes and its validity, Unix seconds. */
export type EncryptionKey = { readonly raw: Uint8Array; readonly from: number; readonly until: number };

/** Why the key is not good at `now`, Unix seconds: the code of `checkGood`; null: it is. */
export function faultOf(certificate: Certificate, now: number): PkiCode | null {
  try {
    checkGood(certificate, now);
    return null;
  } catch (error) {
    if (error instanceof PkiError) return error.code;
    throw error;
  }
}

/** The X25519 subkeys that are not revoked and have not ended by `now`, Unix seconds; also those that are still to begin. */
export const encryptionKeys = ({ subkeys }: Certificate, now: number): EncryptionKey[] =>
  subkeys
    .filter(({ key, flags, until, isRevoked }) => {
      return key.curve === 'x25519' && (flags & keyFlags.encrypt) !== 0 && !isRevoked && now < until;
    })
    .map(({ key, until }) => ({ raw: key.raw, from: key.created, until }));
