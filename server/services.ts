/** What a configuration says of boxes and values that are kept for nobody, and of letters that are sent for nobody, as its node is told it. docs/operating.md#pigeonhole */
import type { NodeOptions } from '../federation/events.ts';
import { mailLimits } from '../services/mail/limits.ts';
import { mailboxLimits } from '../services/mailbox/limits.ts';
import { pigeonholeLimits } from '../services/pigeonhole/limits.ts';
import type { Config } from './config/config.ts';

/** Nothing where there are to be none. */
export function serviceOptions({
  pigeonhole: boxes,
  mailbox,
  mail,
}: Pick<Config, 'pigeonhole' | 'mailbox' | 'mail'>): Pick<NodeOptions, 'pigeonhole' | 'mailbox' | 'mail'> {
  return {
    ...(boxes === null
      ? {}
      : { pigeonhole: { limits: { ...pigeonholeLimits, makeBitsMin: boxes.workBits }, boxesMax: boxes.boxes } }),
    ...(mailbox === null
      ? {}
      : { mailbox: { limits: { ...mailboxLimits, putBitsMin: mailbox.workBits }, valuesMax: mailbox.values } }),
    ...(mail === null
      ? {}
      : {
          mail: {
            limits: mailLimits,
            gateway: mail.address,
            to: mail.to,
            never: mail.never,
            workBits: mail.workBits,
            lettersOfDay: mail.lettersPerDay,
            lettersToOne: mail.lettersPerAddress,
          },
        }),
  };
}
