/** What a node's mail gateway is told by whoever speaks SMTP for it, and what it has done there. docs/spec/mail.md#in-a-server */
import type { Arrival } from '../../services/mail/arrival.ts';
import type { ArrivalCode } from '../../services/mail/error.ts';
import type { OutgoingMail } from '../../services/mail/outgoing.ts';

/** What it is told. Letters go by their ids, 32 hexadecimal digits. */
export type MailEvent =
  /** Somebody wants to bring a mail for a letter: is there one? */
  | { readonly kind: 'named'; readonly request: number; readonly letter: string }
  /** He has brought it. */
  | { readonly kind: 'arrived'; readonly request: number; readonly letter: string; readonly arrival: Arrival }
  /** The relay has taken a letter's mail, refused it for good, or not now. */
  | { readonly kind: 'handed'; readonly letter: string; readonly outcome: 'taken' | 'refused' | 'later' };

/** What it has done. */
export type MailEffect =
  /** null: yes; of what was brought: it is durable. */
  | { readonly kind: 'answered'; readonly request: number; readonly code: ArrivalCode | null }
  /** Hand this to the relay; answered by `handed`. */
  | { readonly kind: 'hand'; readonly letter: string; readonly mail: OutgoingMail };
