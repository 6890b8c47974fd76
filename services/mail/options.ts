/** How a domain's admin wants its mail gateway. docs/spec/mail.md */
import type { MailPolicy } from './address.ts';
import type { MailLimits } from './limits.ts';

/** What a node is told of its gateway before it starts. */
export interface MailOptions extends MailPolicy {
  readonly limits: MailLimits;
  readonly workBits: number;
  /** Letters of a day, and of these to one address. */
  readonly lettersOfDay: number;
  readonly lettersToOne: number;
}
