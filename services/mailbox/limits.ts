/** What anybody may make a mailbox hold, and for how long; by name. docs/spec/mailbox.md#limits */

/** Counts, bytes, bits, days and milliseconds; the table in docs/spec/mailbox.md#limits holds the same numbers. */
export const mailboxLimits = {
  /** Values of a domain, where its admin says nothing else. */
  valuesUsual: 100_000,
  /** Values that an admin may allow. */
  valuesMax: 10_000_000,
  /** Bytes of one: always so many. */
  valueBytes: 2_048,
  /** How long a value is kept. */
  valueDays: 30,
  /** Work for a value while there is room: sixty-five thousand hashes. */
  putBitsMin: 16,
  /** What is added to that by the time that the last place is taken. */
  putBitsMore: 8,
  /** The most that a client works for: what an admin may ask, and what is added. */
  putBitsMax: 28,
  /** Hours that a proof of work may be old, or ahead. */
  workHours: 2,
  /** Requests under way. */
  runningMax: 512,
  /** Requests of one asker at once, and again one after so many milliseconds. */
  askedAtOnceMax: 1_024,
  askedAgainMs: 50,
  /** Askers whose budgets are remembered. */
  askersMax: 4_096,
  /** How often it is looked what has become too old, and how many values at a time. */
  lookMs: 3_600_000,
  lookRows: 256,
} as const;

/** The limits of one mailbox. */
export type MailboxLimits = { readonly [K in keyof typeof mailboxLimits]: number };

/** What a node is told of its mailbox before it starts. */
export interface MailboxOptions {
  readonly limits: MailboxLimits;
  /** Values at one time. */
  readonly valuesMax: number;
}
