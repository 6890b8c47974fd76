/** What a domain says of another domain's key: its word counts here, for its own people only. docs/spec/pki.md#countersignature */
import { type Certificate, checkGood, faultOf } from './certificate.ts';
import { type CertStatus, judge } from './certification.ts';
import { PkiError } from './error.ts';
import { issue } from './issuing.ts';
import { limits } from './limits.ts';
import type { SecretKey } from './secret-key.ts';
import { domainOf, renderDomainUserId } from './user-id.ts';

/** Whose certifications count, and no further; 120 of 120. */
const DEPTH = 1;
const AMOUNT = 120;

/** The regular expression of a domain's user ids, as GnuPG reads them: addresses at the domain, and at those below it. */
export const scopeOf = (domain: string): string => `<[^>]+[@.]${domain.replaceAll('.', '\\.')}>$`;

/**
 * The peer's bytes with a countersignature by this domain, for `limits.countersignatureSeconds` from `now`, Unix seconds;
 * an earlier one goes. That the peer has proved its key is the caller's to know. Taken back by `revoke`. Throws PkiError
 * `_invalid_authority`, `_foreign_user_id` where the peer's is no key of a domain, `_revoked_key`, `_expired_key`,
 * `_revoked_user_id`.
 */
export async function countersign(authority: SecretKey, peer: Certificate, now: number): Promise<Uint8Array> {
  if (domainOf(authority.certificate) === null || faultOf(authority.certificate, now) !== null) {
    throw new PkiError('_invalid_authority', 'not the key of a domain, or revoked or expired');
  }
  checkGood(peer, now);
  const domain = domainOf(peer);
  if (domain === null) throw new PkiError('_foreign_user_id', 'not the key of a domain');
  const userId = renderDomainUserId(domain);
  const { isRevoked, until } = peer.userIds.find(({ text }) => text === userId)!;
  if (isRevoked || now >= until) throw new PkiError('_revoked_user_id', 'the domain took this user id back');
  return issue(authority, peer, userId, now, {
    until: now + limits.countersignatureSeconds,
    trust: { depth: DEPTH, amount: AMOUNT, scope: scopeOf(domain) },
  });
}

/**
 * Whether `authority` countersigns the peer at `now`, Unix seconds: as `certStatus` of the peer's user id, and the newest
 * word is exactly that of `countersign`, in depth, amount and scope; else `_foreign_scope`. It never lasts longer than
 * `limits.countersignatureSeconds`, whatever it says. Never throws.
 */
export async function countersignStatus(peer: Certificate, authority: Certificate, now: number): Promise<CertStatus> {
  const domain = domainOf(peer);
  if (domain === null) return { isValid: false, code: '_foreign_user_id', until: null };
  const verdict = await judge(peer, renderDomainUserId(domain), authority, now);
  if (!verdict.isValid) return verdict;
  const { trust, scope } = verdict.certification;
  if (trust?.depth !== DEPTH || trust.amount !== AMOUNT || scope !== scopeOf(domain)) {
    return { isValid: false, code: '_foreign_scope', until: null };
  }
  const until = Math.min(verdict.until, verdict.from + limits.countersignatureSeconds + limits.backdateSeconds);
  if (now >= until) return { isValid: false, code: '_expired_certification', until };
  return { isValid: true, from: verdict.from, until };
}

/** Whether a countersignature until then is to be renewed at `now`, Unix seconds. */
export const isCountersignatureDue = (until: number, now: number): boolean =>
  until - now < limits.countersignatureRenewalSeconds;
