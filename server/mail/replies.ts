/** What is said over SMTP of a mail that is not taken: numbers for programs, a sentence for people. docs/spec/mail.md#errors */
import type { ArrivalCode } from '../../services/mail/error.ts';

/** Reply code (RFC 5321), enhanced status code (RFC 3463), and why. */
const replies: Readonly<Record<ArrivalCode, readonly [code: number, status: string, why: string]>> = {
  _mail_foreign_address: [550, '5.7.1', 'mail for others is not passed on here'],
  _mail_unknown_letter: [550, '5.1.1', 'no letter has that address, or none any more'],
  _mail_excessive_recipients: [452, '4.5.3', 'one mail is for one letter'],
  _mail_excessive_mails: [421, '4.7.0', 'so many mails in one connection; come again'],
  _mail_excessive_headers: [552, '5.3.4', 'it has too many headers, or too long ones'],
  _mail_excessive_parts: [552, '5.3.4', 'it has too many parts'],
  _mail_oversized: [552, '5.3.4', 'it is too big'],
  _mail_oversized_reply: [552, '5.3.4', 'it says too much'],
  _mail_unreadable: [554, '5.6.0', 'it cannot be read'],
  _mail_loop: [554, '5.4.6', 'it has been through so many servers that it must be in a loop'],
  _mail_automatic: [550, '5.7.1', 'a program has written it, and a reply ticket is for people'],
  _mail_missing_ticket: [550, '5.7.1', 'the reply ticket is missing: leave it at the head of your reply'],
  _mail_spoilt_ticket: [550, '5.6.0', 'the reply ticket was changed or cut off on its way'],
  _mail_foreign_ticket: [550, '5.7.1', 'this reply ticket belongs to another letter'],
  _mail_used_ticket: [550, '5.7.1', 'this reply ticket has been used: it is good for one answer'],
  _mail_missing_words: [550, '5.6.0', 'there is nothing in it but the reply ticket'],
  _mail_excessive_replies: [552, '5.2.2', 'so many answers have come already'],
  _mail_slow: [421, '4.4.2', 'it takes too long'],
  _mail_unavailable: [451, '4.3.0', 'it cannot be kept now; bring it again'],
};

/** As smtp-server takes a refusal. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly responseCode: number;

  constructor(code: ArrivalCode) {
    const [number, status, why] = replies[code];
    super(`${status} ${why} (${code})`);
    this.responseCode = number;
  }
}
