/** What a domain says of a person's key: made, taken back, and judged. docs/spec/pki.md#certification */
import { type Certificate, checkGood, faultOf, isCertification, newest } from './certificate.ts';
import { PkiError, type PkiCode } from './error.ts';
import { issue, isRevocation, subjectOf } from './issuing.ts';
import { limits } from './limits.ts';
import type { SecretKey } from './secret-key.ts';
import { keyFlags, type Signature } from './signature.ts';
import { domainOf, personOf } from './user-id.ts';

/** A verdict; times in Unix seconds. `until` of a refused one is when the certification ended, where that is the reason. */
export type CertStatus =
  | { readonly isValid: true; readonly from: number; readonly until: number }
  | { readonly isValid: false; readonly code: PkiCode; readonly until: number | null };

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
  const verdict = await judge(target, userId, authority, now);
  return verdict.isValid ? { isValid: true, from: verdict.from, until: verdict.until } : verdict;
}

/** The same with the certification that counts. */
export async function judge(
  target: Certificate,
  userId: string,
  authority: Certificate,
  now: number,
): Promise<(CertStatus & { isValid: false }) | (CertStatus & { isValid: true; readonly certification: Signature })> {
  const refuse = (code: PkiCode, until: number | null = null) => ({ isValid: false, code, until }) as const;
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
  return now < until ? { isValid: true, from, until, certification } : refuse('_expired_certification', until);
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
  return issue(authority, target, userId, now, { until: now + limits.certificationSeconds });
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
  return issue(authority, target, userId, now, 'revocation');
}
