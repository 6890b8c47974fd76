/** What a domain says of a person's key: made, taken back, and judged. docs/spec/pki.md#certification */
import { concatBytes } from '@noble/hashes/utils.js';
import { type Certificate, checkGood, isCertification, newest } from './certificate.ts';
import { PkiError, type PkiCode } from './error.ts';
import { limits } from './limits.ts';
import { sign, type Subject } from './openpgp.ts';
import { renderPacket, splitPackets, tags } from './packets.ts';
import { textOf } from './parts.ts';
import { reasons } from './revocation.ts';
import type { SecretKey } from './secret-key.ts';
import { keyFlags, parseSignature, type Signature, signatureTypes } from './signature.ts';
import { domainOf, personOf } from './user-id.ts';

/** A verdict; times in Unix seconds. `until` of a refused one is when the certification ended, where that is the reason. */
export type CertStatus =
  | { readonly isValid: true; readonly from: number; readonly until: number }
  | { readonly isValid: false; readonly code: PkiCode; readonly until: number | null };

const isRevocation = ({ type }: Signature): boolean => type === signatureTypes.certRevocation;

const subjectOf = (target: Certificate, userId: string): Subject => ({ kind: 'user id', key: target.key.body, userId });

/**
 * Whether `authority` certifies `userId` of `target` at `now`, Unix seconds: both keys good now, and the newest certification
 * by the authority's primary key, no more than `limits.skewSeconds` ahead, neither ended nor followed by a revocation (one
 * of the same second follows). Codes: `_invalid_authority`, `_revoked_key`, `_expired_key`, `_foreign_user_id`,
 * `_revoked_user_id`, `_uncertified`, `_revoked_certification`, `_expired_certification`. Never throws.
 */
export async function certStatus(
  target: Certificate,
  userId: string,
  authority: Certificate,
  now: number,
): Promise<CertStatus> {
  const refuse = (code: PkiCode, until: number | null = null): CertStatus => ({ isValid: false, code, until });
  if (faultOf(authority, now) !== null || (authority.flags & keyFlags.certify) === 0)
    return refuse('_invalid_authority');
  const fault = faultOf(target, now);
  if (fault !== null) return refuse(fault);
  const user = target.userIds.find(({ text }) => text === userId);
  if (user === undefined) return refuse('_foreign_user_id');
  if (user.isRevoked || now >= user.until) return refuse('_revoked_user_id');
  const subject = subjectOf(target, userId);
  const isPast = ({ created }: Signature): boolean => created <= now + limits.skewSeconds;
  const { verifier } = authority;
  const certification = await newest(verifier, subject, user.foreign, (one) => isCertification(one) && isPast(one));
  const revocation = await newest(verifier, subject, user.foreign, isRevocation);
  if (revocation !== null && revocation.created >= (certification?.created ?? 0))
    return refuse('_revoked_certification');
  if (certification === null) return refuse('_uncertified');
  const { created: from, expires: until } = certification;
  return now < until ? { isValid: true, from, until } : refuse('_expired_certification', until);
}

function faultOf(certificate: Certificate, now: number): PkiCode | null {
  try {
    checkGood(certificate, now);
    return null;
  } catch (error) {
    if (error instanceof PkiError) return error.code;
    throw error;
  }
}

/** Whether a certification until `until` is to be renewed at `now`, Unix seconds. */
export const isRenewalDue = (until: number, now: number): boolean => until - now < limits.renewalSeconds;

/**
 * The target's bytes with a certification of one user id by the domain, for `limits.certificationSeconds` from `now`, Unix
 * seconds; an earlier one goes. That the person asked for it, and may have the nick, is the caller's to check. Throws
 * PkiError `_invalid_authority`, `_foreign_user_id` for one that is not of this domain or not on the key,
 * `_revoked_key`, `_expired_key`, `_revoked_user_id`.
 */
export async function certify(
  authority: SecretKey,
  target: Certificate,
  userId: string,
  now: number,
): Promise<Uint8Array> {
  const domain = domainOf(authority.certificate);
  if (domain === null || faultOf(authority.certificate, now) !== null) {
    throw new PkiError('_invalid_authority', 'not the key of a domain, or revoked or expired');
  }
  checkGood(target, now);
  const user = target.userIds.find(({ text }) => text === userId);
  if (user === undefined || personOf(userId).domain !== domain) {
    throw new PkiError('_foreign_user_id', `the key has no such user id, or it is not of ${domain}`);
  }
  if (user.isRevoked || now >= user.until) throw new PkiError('_revoked_user_id', 'the person took this user id back');
  const created = await dateAfter(authority, target, userId, now);
  const seconds = now + limits.certificationSeconds - created;
  return issue(authority, target, userId, { type: signatureTypes.certPositive, created, seconds });
}

/** The target's bytes with a revocation of the domain's certification of `userId`. Works for keys of any state. Throws PkiError `_foreign_user_id`. */
export async function revoke(
  authority: SecretKey,
  target: Certificate,
  userId: string,
  now: number,
): Promise<Uint8Array> {
  if (!target.userIds.some(({ text }) => text === userId)) {
    throw new PkiError('_foreign_user_id', 'the key has no such user id');
  }
  const created = await dateAfter(authority, target, userId, now);
  const reason = { code: reasons.userIdInvalid, text: '' };
  return issue(authority, target, userId, { type: signatureTypes.certRevocation, created, reason });
}

/** Backdated, but after all that the authority said before, or it would not count: its clock may have been set back. */
async function dateAfter(authority: SecretKey, target: Certificate, userId: string, now: number): Promise<number> {
  const { key, verifier } = authority.certificate;
  const foreign = target.userIds.find(({ text }) => text === userId)?.foreign ?? [];
  const isSaid = (one: Signature): boolean => isCertification(one) || isRevocation(one);
  const before = await newest(verifier, subjectOf(target, userId), foreign, isSaid);
  return Math.max(now - limits.backdateSeconds, key.created, (before?.created ?? 0) + 1);
}

async function issue(
  authority: SecretKey,
  target: Certificate,
  userId: string,
  claims: Parameters<typeof sign>[2],
): Promise<Uint8Array> {
  const body = await sign(authority.signer, subjectOf(target, userId), claims);
  return withSignature(target.bytes, userId, parseSignature(body));
}

/** A key's bytes with one more signature on a user id, in place of those of the same issuer and sort. */
function withSignature(bytes: Uint8Array, userId: string, signature: Signature): Uint8Array {
  const packets: Uint8Array[] = [];
  const added = renderPacket({ tag: tags.signature, body: signature.body });
  let isHere = false;
  for (const packet of splitPackets(bytes)) {
    if (packet.tag === tags.signature) {
      const other = parseSignature(packet.body);
      const isSame = other.issuer === signature.issuer && isRevocation(other) === isRevocation(signature);
      if (isHere && isSame) continue;
    } else {
      if (isHere) packets.push(added);
      isHere = packet.tag === tags.userId && textOf(packet) === userId;
    }
    packets.push(renderPacket(packet));
  }
  return concatBytes(...packets, ...(isHere ? [added] : []));
}
