/** The one grammar of nicks, domains and OpenPGP user ids. docs/spec/psyc.md#names */
import { PsycError } from './error.ts';

const NICK = /^[a-z0-9_-]{1,32}$/;
const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const DOMAIN_BYTES_MAX = 253;

/** Whether `text` is a nick: 1 to 32 of [a-z0-9_-]. Places and services are named alike. */
export const isNick = (text: string): boolean => NICK.test(text);

/** Throws PsycError `_invalid_nick`. */
export function checkNick(text: string): void {
  if (!isNick(text)) throw new PsycError('_invalid_nick', 0, 'a name is 1 to 32 of a-z, 0-9, _ and -');
}

/**
 * Whether `text` is a domain as we write it: lower-case labels of letters, digits and inner hyphens (RFC 1123 2.1),
 * international ones as A-labels (RFC 5890 2.3.2.1), no full stop at the end, and no address: the last label is not all
 * digits. One label is enough (`localhost`).
 */
export function isDomain(text: string): boolean {
  if (text.length === 0 || text.length > DOMAIN_BYTES_MAX) return false;
  const labels = text.split('.');
  return labels.every(isLabel) && !/^[0-9]+$/.test(labels.at(-1)!);
}

/** Throws PsycError `_invalid_domain`. */
export function checkDomain(text: string): void {
  if (!isDomain(text))
    throw new PsycError('_invalid_domain', 0, 'not a domain in lower case (international ones as xn--…)');
}

/** Hyphens in third and fourth place are reserved (RFC 5890 2.3.1); `xn--` is the one prefix in use. */
function isLabel(label: string): boolean {
  return LABEL.test(label) && (label.slice(2, 4) !== '--' || (label.startsWith('xn--') && label.length > 4));
}

/** Pairs that a reader takes for each other: the seen on the left, what it stands for on the right. */
const LOOKALIKES: readonly (readonly [RegExp, string])[] = [
  [/[_-]+/g, '-'],
  [/^-|-$/g, ''],
  [/0/g, 'o'],
  [/[1i]/g, 'l'],
  [/rn/g, 'm'],
  [/vv/g, 'w'],
  [/cl/g, 'd'],
];

/**
 * What a nick looks like: two nicks of one domain must differ in this, or the second is refused. (After the skeleton of
 * UTS #39 section 4, for our 38 characters in lower case.)
 */
export function skeleton(nick: string): string {
  let shape = nick;
  for (const [seen, meant] of LOOKALIKES) shape = shape.replace(seen, meant);
  return shape;
}

/** Whether one nick could be taken for the other. */
export const confusable = (a: string, b: string): boolean => skeleton(a) === skeleton(b);

/** A person's OpenPGP user id: `nick <nick@domain>`. Throws PsycError `_invalid_nick`, `_invalid_domain`. */
export function renderUserId(nick: string, domain: string): string {
  checkNick(nick);
  checkDomain(domain);
  return `${nick} <${nick}@${domain}>`;
}

/** The nick and domain of a user id made by `renderUserId`, and of nothing else. Throws PsycError `_invalid_identification`. */
export function parseUserId(text: string): { nick: string; domain: string } {
  const match = /^([a-z0-9_-]{1,32}) <\1@([a-z0-9.-]+)>$/.exec(text);
  if (match === null || !isDomain(match[2]!)) {
    throw new PsycError('_invalid_identification', 0, 'a user id is: nick <nick@domain>');
  }
  return { nick: match[1]!, domain: match[2]! };
}
