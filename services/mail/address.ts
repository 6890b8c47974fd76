/** Addresses of mail: those that letters go to, and the one of each letter that replies come back to. docs/spec/mail.md#addresses */
import { hexOf } from '../../crypto/bytes.ts';
import { isDomain } from '../../psyc/names.ts';
import { mailLimits } from './limits.ts';

/** RFC 5321's Mailbox: a dot-string of RFC 5322's atext. Quoted names and address literals are left out on purpose: nothing that is passed on needs escaping. */
const LOCAL = /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*$/;
const LOCAL_MAX = 64;
const ID = /^[0-9a-f]{32}$/;
/** What stands between a gateway's name and a letter's. */
const PLUS = '+';

/** `local@domain`, the domain in lower case. */
export interface MailAddress {
  readonly local: string;
  readonly domain: string;
}

/** null: it is none that mail is sent to here. */
export function parseMailAddress(text: string): MailAddress | null {
  const at = text.lastIndexOf('@');
  const [local, domain] = [text.slice(0, at), text.slice(at + 1).toLowerCase()];
  const isSound = text.length <= mailLimits.addressMax && local.length <= LOCAL_MAX && LOCAL.test(local);
  return at > 0 && isSound && isDomain(domain) ? { local, domain } : null;
}

/** Whether a gateway may have this address: a letter's name fits behind it, and none is in it already. */
export const isGatewayAddress = (text: string): boolean => {
  const address = parseMailAddress(text);
  return address !== null && address.local.length < LOCAL_MAX / 2 && !address.local.includes(PLUS);
};

/** Where replies to a letter come back to; `id` has 16 bytes. */
export const replyAddress = ({ local, domain }: MailAddress, id: Uint8Array): string =>
  `${local}${PLUS}${hexOf(id)}@${domain}`;

/** The letter that an address is of, 32 hexadecimal digits; null: it is of none of this gateway's. Names of mailboxes are the same in capitals. */
export function letterAt(gateway: MailAddress, text: string): string | null {
  const address = parseMailAddress(text);
  if (address === null || address.domain !== gateway.domain) return null;
  const local = address.local.toLowerCase();
  const head = `${gateway.local.toLowerCase()}${PLUS}`;
  const id = local.slice(head.length);
  return local.startsWith(head) && ID.test(id) ? id : null;
}

/** Which addresses letters go to: an admin's word. */
export interface MailPolicy {
  readonly gateway: MailAddress;
  /** Domains; `*`: any. */
  readonly to: readonly string[];
  /** Addresses and domains that never are written to, in lower case: who has asked for that. */
  readonly never: readonly string[];
}

/** Whether a letter may go there: never to the gateway's own domain, where it would come back. */
export function isWrittenTo({ gateway, to, never }: MailPolicy, { local, domain }: MailAddress): boolean {
  if (domain === gateway.domain || never.includes(domain)) return false;
  if (never.includes(`${local}@${domain}`.toLowerCase())) return false;
  return to.includes('*') || to.includes(domain);
}
