/** The mail that a letter becomes: tickets at its head, then its words, then how to answer. docs/spec/mail.md#mail */
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { renderTicket } from '../../onion/armour.ts';
import { type MailAddress, replyAddress } from './address.ts';
import { letterId, type MailLetter } from './letter.ts';

/** A mail as whoever writes MIME and speaks SMTP takes it. Nothing of it has a control character but line feeds of the text. */
export interface OutgoingMail {
  /** Where replies, and reports of what could not be delivered, go: the letter's own address. */
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  /** The same each time that it is tried, so that whoever gets it twice sees that. */
  readonly messageId: string;
  readonly text: string;
}

const SUBJECT = 'A letter from nobody';

/** `gateway`: the address that its admin has given it. */
export function outgoingMail(suite: Suite, letter: MailLetter, gateway: MailAddress): OutgoingMail {
  const id = letterId(suite, letter.key);
  const { to, subject, text, tickets } = letter;
  const head = tickets.map((ticket) => renderTicket(suite, ticket));
  const how =
    tickets.length === 0
      ? 'Whoever wrote this cannot be answered.'
      : 'To answer, reply, and leave the reply ticket at the head of your mail. It is good for one answer within a week.';
  const foot = [
    '-- ',
    `Through the mail gateway of ${gateway.domain}, which does not know who wrote this.`,
    how,
    `Who wants no such mail writes to postmaster@${gateway.domain}.`,
  ];
  return {
    from: replyAddress(gateway, id),
    to: `${to.local}@${to.domain}`,
    subject: subject === '' ? SUBJECT : subject,
    messageId: `<${hexOf(id)}@${gateway.domain}>`,
    text: `${[...head, text.trimEnd(), '', ...foot].join('\n')}\n`,
  };
}
