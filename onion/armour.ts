/** The text form of a ticket, which any mail program can quote. docs/spec/onion.md#armour */
import { joinBytes } from '../crypto/bytes.ts';
import { parseBase64, renderBase64 } from '../crypto/base64.ts';
import type { Suite } from '../crypto/suite.ts';
import { OnionError } from './error.ts';
import { onionLimits } from './limits.ts';
import { sizes } from './sizes.ts';

const BEGIN = '-----BEGIN REPLY TICKET (LEAVE AT HEAD OF REPLY)-----';
const END = '-----END REPLY TICKET-----';
const VERSION = 1;
const SUM_BYTES = 4;
const LINE_LETTERS = 64;

/** What quoting, and carrying as mail, puts between the letters. */
const between = /[> \t\r\n]/;
const bare = (text: string): string =>
  text
    .split('')
    .filter((letter) => !between.test(letter))
    .join('');
const [BARE_BEGIN, BARE_END] = [bare(BEGIN), bare(END)];

/** Lines of text, each with its line feed. */
export function renderTicket(suite: Suite, ticket: Uint8Array): string {
  const versioned = joinBytes(new Uint8Array([VERSION]), ticket);
  const letters = renderBase64(joinBytes(versioned, checksum(suite, versioned)));
  const lines = Array.from({ length: Math.ceil(letters.length / LINE_LETTERS) }, (_, line) =>
    letters.slice(line * LINE_LETTERS, (line + 1) * LINE_LETTERS),
  );
  return `${[BEGIN, ...lines, END].join('\n')}\n`;
}

/**
 * The ticket at the head of a text, and where in the text it ends; null where the head has none. Throws OnionError
 * `_onion_invalid_armour`: it begins and does not end, or a letter is wrong.
 */
export function parseTicket(suite: Suite, text: string): { ticket: Uint8Array; end: number } | null {
  const places: number[] = [];
  let letters = '';
  const head = text.slice(0, onionLimits.ticketTextMax);
  for (let at = 0; at < head.length; at++) {
    if (between.test(head[at]!)) continue;
    letters += head[at]!;
    places.push(at);
  }
  const begin = letters.indexOf(BARE_BEGIN);
  if (begin < 0) return null;
  const end = letters.indexOf(BARE_END, begin);
  const bytes = end < 0 ? null : parseBase64(letters.slice(begin + BARE_BEGIN.length, end));
  const sumAt = 1 + sizes.ticket;
  const isSound =
    bytes?.length === sumAt + SUM_BYTES &&
    bytes[0] === VERSION &&
    suite.equal(checksum(suite, bytes.subarray(0, sumAt)), bytes.subarray(sumAt));
  if (bytes === null || !isSound) {
    throw new OnionError('_onion_invalid_armour', 'the reply ticket was changed or cut off on its way');
  }
  return { ticket: bytes.subarray(1, sumAt), end: places[end + BARE_END.length - 1]! + 1 };
}

/** The first bytes of BLAKE2b-256 over version and ticket: against slips, not against people. */
const checksum = (suite: Suite, versioned: Uint8Array): Uint8Array =>
  suite.blake2b(versioned, 32).subarray(0, SUM_BYTES);
