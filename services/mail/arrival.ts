/** What comes back as mail: the tickets in it, wherever a mail program has put them, and what else it says. docs/spec/mail.md#replies */
import type { Suite } from '../../crypto/suite.ts';
import { parseTicket } from '../../onion/armour.ts';
import { OnionError } from '../../onion/error.ts';
import type { ArrivalCode } from './error.ts';
import { mailLimits } from './limits.ts';

/** A mail as whoever reads MIME gives it. */
export interface Arrival {
  /** Its envelope has no sender: a server wrote it (RFC 5321 4.5.5). */
  readonly isFromNobody: boolean;
  /** Its Auto-Submitted says anything but `no` (RFC 3834), or its Content-Type that it is a report (RFC 6522). */
  readonly isAutomatic: boolean;
  /** Servers that it has been through. */
  readonly received: number;
  /** What of it is meant to be read: its plain text, or that of its HTML. */
  readonly text: string;
  /** Of a report of delivery (RFC 3464): its Status, as 5.1.1; null: there is none. */
  readonly status: string | null;
}

/** What it is. */
export type Judged =
  /** Somebody has answered: so many tickets are in it, and these words. */
  | { readonly kind: 'reply'; readonly tickets: readonly Uint8Array[]; readonly text: string }
  /** A server says that the letter could not be delivered. */
  | { readonly kind: 'bounce'; readonly status: string | null };

/** The two lines, with whatever quoting and wrapping has put between; the rest is the armour's to judge. */
const BEGIN = /-----[>\s]*BEGIN[>\s]*REPLY[>\s]*TICKET/gi;
const END = /-----[>\s]*END[>\s]*REPLY[>\s]*TICKET[>\s]*-----/gi;
/** Blanks that HTML and word processors make of blanks, and what has no width. */
const BLANKS = /[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g;
const NO_WIDTH = /[\u00ad\u200b-\u200d\u2060\ufeff]/g;
/** Tickets are looked for in a mail so many times: as many as a letter has, in the reply and in what it quotes. */
const LOOKS_MAX = 32;
/** What other programs quote with besides `>`. */
const QUOTE = /^[ \t]*(?:[>|][ \t]?)+/gm;
const ONLY_QUOTE = /^[ \t>|]*$/;

const plainOf = (text: string): string => text.replace(/\r\n?/g, '\n').replace(BLANKS, ' ').replace(NO_WIDTH, '');

/** What a mail is, or why it is not taken. */
export function judge(suite: Suite, arrival: Arrival): Judged | ArrivalCode {
  if (arrival.received > mailLimits.receivedMax) return '_mail_loop';
  if (arrival.isFromNobody) {
    // What says neither that it is a report nor of what is nothing that anybody could be told.
    return arrival.isAutomatic ? { kind: 'bounce', status: arrival.status } : '_mail_automatic';
  }
  if (arrival.isAutomatic) return '_mail_automatic';
  const { tickets, text, isSpoilt } = ticketsIn(suite, plainOf(arrival.text));
  if (tickets.length === 0) return isSpoilt ? '_mail_spoilt_ticket' : '_mail_missing_ticket';
  if (text === '') return '_mail_missing_words';
  return { kind: 'reply', tickets, text };
}

/** Every ticket once, and the text without their lines. A damaged one is passed over as long as there is another. */
export function ticketsIn(suite: Suite, text: string) {
  const tickets: Uint8Array[] = [];
  const left: string[] = [];
  let isSpoilt = false;
  let at = 0;
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    BEGIN.lastIndex = at;
    const found = BEGIN.exec(text);
    if (found === null) break;
    const begin = text.lastIndexOf('\n', found.index) + 1;
    left.push(text.slice(at, Math.max(at, begin)));
    const parsed = ticketAt(suite, text.slice(found.index));
    if (parsed === null) {
      isSpoilt = true;
      at = endOf(text, found.index + found[0].length);
    } else {
      at = found.index + parsed.end;
      const isNew = tickets.every((other) => !suite.equal(other, parsed.ticket));
      if (isNew) tickets.push(parsed.ticket);
    }
    at = restOfLine(text, at);
  }
  left.push(text.slice(at));
  return { tickets, isSpoilt, text: wordsOf(left) };
}

/** As it stands; else with what other programs quote with taken off. */
function ticketAt(suite: Suite, text: string): ReturnType<typeof parseTicket> {
  try {
    return parseTicket(suite, text);
  } catch (error) {
    if (!(error instanceof OnionError)) throw error;
  }
  try {
    END.lastIndex = 0;
    const found = END.exec(text);
    if (found === null) return null;
    const end = found.index + found[0].length;
    const parsed = parseTicket(suite, text.slice(0, end).replace(QUOTE, ''));
    return parsed === null ? null : { ...parsed, end };
  } catch (error) {
    if (!(error instanceof OnionError)) throw error;
    return null;
  }
}

/** Behind the END line that follows, if one does before the next begins; else where it is. */
function endOf(text: string, at: number): number {
  END.lastIndex = at;
  BEGIN.lastIndex = at;
  const [end, next] = [END.exec(text), BEGIN.exec(text)];
  return end === null || (next !== null && next.index < end.index) ? at : end.index + end[0].length;
}

/** Blanks and quoting behind it go with it. */
function restOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at);
  const line = text.slice(at, end < 0 ? text.length : end);
  if (!ONLY_QUOTE.test(line)) return at;
  return end < 0 ? text.length : end + 1;
}

/** Without empty lines at both ends; lines that quote nothing any more are empty too. */
function wordsOf(parts: readonly string[]): string {
  const lines = parts.join('').split('\n');
  const isEmpty = (line: string): boolean => ONLY_QUOTE.test(line);
  const from = lines.findIndex((line) => !isEmpty(line));
  return from < 0
    ? ''
    : lines
        .slice(from, lines.findLastIndex((line) => !isEmpty(line)) + 1)
        .join('\n')
        .trimEnd();
}
