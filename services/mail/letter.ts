/** What is asked of a mail gateway: a letter to somebody who has mail only, and what came back on it. docs/spec/mail.md#requests */
import { joinBytes, textBytes, uint32 } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import { sizes } from '../../onion/sizes.ts';
import { ticketFault } from '../../onion/ticket.ts';
import { decodeTextStrict } from '../../psyc/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Value } from '../../psyc/render.ts';
import { wholeIn } from '../variables.ts';
import { workBytes } from '../work.ts';
import { type MailAddress, parseMailAddress } from './address.ts';
import type { LetterCode } from './error.ts';
import { mailLimits } from './limits.ts';

const SERVICE = 'mail';
const ID = textBytes('p3do-mail-letter-v1');
const DIGEST = textBytes('p3do-mail-digest-v1');
const TICKET = textBytes('p3do-mail-ticket-v1');
const NOTHING = new Uint8Array(1);
const DIGEST_BYTES = 32;
/** Bytes of a letter's id, and of what a ticket is known by. */
export const mailIdBytes = 16;
const METHOD = '_request_mail_';

/** What a letter says, and to whom. */
export interface MailLetter {
  /** X25519, 32 bytes, made for this letter alone: replies are sealed to it, and whoever knows it asks for them. */
  readonly key: Uint8Array;
  readonly to: MailAddress;
  readonly subject: string;
  readonly text: string;
  /** Of 692 bytes each, over which replies come. */
  readonly tickets: readonly Uint8Array[];
}

/** A request whose form is right. */
export type MailRequest =
  | { readonly kind: 'terms' }
  | { readonly kind: 'send'; readonly letter: MailLetter; readonly work: Uint8Array; readonly digest: Uint8Array }
  /** What became of the letter with this key, and the first reply behind `after`. */
  | { readonly kind: 'fetch'; readonly key: Uint8Array; readonly after: number }
  /** Everything of it is to go. */
  | { readonly kind: 'close'; readonly key: Uint8Array };

/** Variables of a packet, its data, and its method. */
export interface MailPacket {
  readonly method: string;
  readonly entity: Readonly<Record<string, Value>>;
}

/** The entity that sends mail for a domain. */
export const mailOf = (domain: string): string => `psyc://${domain}/$${SERVICE}`;

/** What a letter is known by, 16 bytes: it stands in the address of replies, and tells nobody the key. */
export const letterId = (suite: Suite, key: Uint8Array): Uint8Array =>
  suite.blake2b(joinBytes(ID, NOTHING, key), mailIdBytes);

/** What a ticket is known by when it has left with the mail, 16 bytes. */
export const ticketName = (suite: Suite, ticket: Uint8Array): Uint8Array =>
  suite.blake2b(joinBytes(TICKET, NOTHING, ticket), mailIdBytes);

const addressText = ({ local, domain }: MailAddress): string => `${local}@${domain}`;

/** What is worked for, 32 bytes: all that a letter says. */
export function letterDigest(suite: Suite, { key, to, subject, text, tickets }: MailLetter): Uint8Array {
  const parts = [key, textBytes(addressText(to)), textBytes(subject), textBytes(text), ...tickets];
  const said = parts.flatMap((part) => [uint32(part.length), part]);
  return suite.blake2b(joinBytes(DIGEST, NOTHING, ...said), DIGEST_BYTES);
}

/** How much work is asked, and what may be said. */
export const renderMailTerms = (): MailPacket => ({ method: `${METHOD}terms`, entity: {} });

/** `work`: for its digest. */
export function renderLetter({ key, to, subject, text, tickets }: MailLetter, work: Uint8Array): MailPacket {
  const entity: Record<string, Value> = { _key: key, _to: addressText(to), _text: text, _work: work };
  if (subject !== '') entity['_subject'] = subject;
  if (tickets.length > 0) entity['_returns'] = joinBytes(...tickets);
  return { method: `${METHOD}send`, entity };
}

export const renderMailFetch = (key: Uint8Array, after: number): MailPacket => ({
  method: `${METHOD}fetch`,
  entity: { _key: key, _after: String(after) },
});

export const renderMailClose = (key: Uint8Array): MailPacket => ({ method: `${METHOD}close`, entity: { _key: key } });

/** No control character, as they would begin headers of their own. */
const SUBJECT = /^[^\p{Cc}\u2028\u2029]*$/u;
/** Tabs and line feeds beside what is printed. */
const TEXT = /^(?:[^\p{Cc}]|[\t\n])*$/u;

/** The request in a packet, or why it is none. `nowSeconds`: tickets that are over by then are of no use to anybody; null: they were looked at. */
export function readMailRequest(suite: Suite, packet: Packet, nowSeconds: number | null): MailRequest | LetterCode {
  const kind = packet.method?.startsWith(METHOD) === true ? packet.method.slice(METHOD.length) : '';
  if (kind === 'terms') return { kind };
  const key = packet.value('_key')?.slice();
  if (key?.length !== lengths.x25519) return '_mail_invalid_request';
  if (kind === 'close') return { kind, key };
  if (kind === 'fetch') {
    const after = wholeIn(packet, '_after', 2 ** 31 - 1);
    return after === null ? '_mail_invalid_request' : { kind, key, after };
  }
  const work = packet.value('_work')?.slice();
  if (kind !== 'send' || work?.length !== workBytes) return '_mail_invalid_request';
  const letter = readLetter(packet, key, nowSeconds);
  return typeof letter === 'string' ? letter : { kind, letter, work, digest: letterDigest(suite, letter) };
}

function readLetter(packet: Packet, key: Uint8Array, nowSeconds: number | null): MailLetter | LetterCode {
  const { subjectMax, textBytesMax, ticketsMax } = mailLimits;
  const to = parseMailAddress(textOf(packet, '_to') ?? '');
  if (to === null) return '_mail_invalid_address';
  const subject = textOf(packet, '_subject') ?? (packet.value('_subject') === undefined ? '' : null);
  if (subject === null || subject.length > subjectMax || !SUBJECT.test(subject)) return '_mail_invalid_subject';
  const bytes = packet.value('_text');
  const text = textOf(packet, '_text');
  if (bytes === undefined || bytes.length > textBytesMax || text === null || text.trim() === '' || !TEXT.test(text))
    return '_mail_invalid_text';
  const returns = packet.value('_returns')?.slice() ?? new Uint8Array(0);
  const count = returns.length / sizes.ticket;
  if (!Number.isInteger(count) || count > ticketsMax) return '_mail_invalid_ticket';
  const tickets = Array.from({ length: count }, (_, at) =>
    returns.subarray(at * sizes.ticket, (at + 1) * sizes.ticket),
  );
  const isOver = (ticket: Uint8Array): boolean => nowSeconds !== null && ticketFault(ticket, nowSeconds) !== null;
  if (tickets.some(isOver)) return '_mail_invalid_ticket';
  return { key, to, subject, text, tickets };
}

/** UTF-8 and nothing else; null where it is not there, or not that. */
function textOf(packet: Packet, name: string): string | null {
  const bytes = packet.value(name);
  return bytes === undefined ? null : decodeTextStrict(bytes);
}
