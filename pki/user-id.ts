/** The user ids of domains, and which domain a key speaks for. docs/spec/pki.md#user-ids */
import { checkDomain, isDomain, isNick, parseUserId } from '../psyc/names.ts';
import { PkiError } from './error.ts';

/** The nick of a domain's own address, which no person gets. */
const DOMAIN_NICK = 'p3do';

/** A domain key's user id: `P3DO <p3do@domain>`. Throws PsycError `_invalid_domain`. */
export function renderDomainUserId(domain: string): string {
  checkDomain(domain);
  return `P3DO <${DOMAIN_NICK}@${domain}>`;
}

/** A recovery key's user id: `P3DO recovery <p3do@domain>`. Throws PsycError `_invalid_domain`. */
export function renderRecoveryUserId(domain: string): string {
  checkDomain(domain);
  return `P3DO recovery <${DOMAIN_NICK}@${domain}>`;
}

/** The domain of a domain key, or null for keys of any other sort, and where user ids name two. */
export function domainOf({ userIds }: { readonly userIds: readonly { readonly text: string }[] }): string | null {
  const domains = userIds.flatMap(({ text }) => /^P3DO <p3do@(.+)>$/.exec(text)?.[1] ?? []);
  const [domain] = domains;
  return domains.length === 1 && domain !== undefined && isDomain(domain) ? domain : null;
}

/** Nick and domain of a person's user id. Throws PkiError `_foreign_user_id` for any other text. */
export function personOf(userId: string): { nick: string; domain: string } {
  let person = null;
  try {
    person = parseUserId(userId);
  } catch {
    // Refused below, with the code of this folder.
  }
  if (person === null || !isNick(person.nick) || person.nick === DOMAIN_NICK) {
    throw new PkiError('_foreign_user_id', 'not the user id of a person: nick <nick@domain>');
  }
  return person;
}
