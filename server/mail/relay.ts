/** Mail that goes out: to the one server that the admin names, which brings it to where it belongs. docs/spec/mail.md#mail */
import { createTransport } from 'nodemailer';
import type { MailEvent } from '../../federation/mail/mail-events.ts';
import type { OutgoingMail } from '../../services/mail/outgoing.ts';
import { mailLimits } from '../../services/mail/limits.ts';
import { isLoopback } from '../config/address.ts';
import type { Endpoint } from '../transport/resolve.ts';

/** What the relay has said, and in its own words. */
export interface Handed {
  readonly outcome: Extract<MailEvent, { kind: 'handed' }>['outcome'];
  readonly reason: string | null;
}

/** Hands a mail to the relay; never rejects. `name`: of this server, for the greeting. */
export async function hand(relay: Endpoint, name: string, mail: OutgoingMail): Promise<Handed> {
  const { sendMsMax } = mailLimits;
  // On its way to another machine nobody reads it, or it does not leave.
  const security = isLoopback(relay.host) ? { ignoreTLS: true } : { requireTLS: true };
  const transport = createTransport({
    ...relay,
    ...security,
    name,
    secure: false,
    connectionTimeout: sendMsMax,
    greetingTimeout: sendMsMax,
    socketTimeout: sendMsMax,
    // Nothing that a letter says is a name of a file or an address to fetch.
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from: { name: 'nobody', address: mail.from },
      to: { name: '', address: mail.to },
      envelope: { from: mail.from, to: [mail.to] },
      subject: mail.subject,
      messageId: mail.messageId,
      text: mail.text,
      // The armour's lines are as they are in every encoding but quoted-printable, which wraps and is undone by whoever reads.
      textEncoding: 'quoted-printable',
      headers: { 'X-Auto-Response-Suppress': 'All' },
    });
    return { outcome: 'taken', reason: null };
  } catch (error) {
    const { responseCode, message } = error as { readonly responseCode?: number; readonly message: string };
    const isRefused = responseCode !== undefined && responseCode >= 500 && responseCode < 600;
    return { outcome: isRefused ? 'refused' : 'later', reason: message };
  } finally {
    transport.close();
  }
}
