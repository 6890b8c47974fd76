/** What anybody may make a pigeonhole hold, and for how long; by name. docs/spec/pigeonhole.md#limits */

/** Counts, bytes, bits and days; the table in docs/spec/pigeonhole.md#limits holds the same numbers. */
export const pigeonholeLimits = {
  /** Boxes of a domain, where its admin says nothing else. */
  boxesUsual: 1_000,
  /** Boxes that an admin may allow: below the members of one context. */
  boxesMax: 65_536,
  /** Deposits in a box. */
  depositsMax: 256,
  /** Bytes of one: always so many. */
  depositBytes: 2_048,
  /** How long a deposit is kept. */
  depositDays: 30,
  /** How long a box stays that nobody asks for anything. */
  boxDays: 60,
  /** Devices that read one box. */
  readersMax: 8,
  /** A device that was silent for so long is waited for no more. */
  readerDays: 30,
  /** Deposits in one answer. */
  pageMax: 16,
  /** Days that clocks may be apart in an order. */
  orderDays: 1,
  /** Hours that a proof of work may be old, or ahead. */
  workHours: 2,
  /** Work for making a box while there is room: a million hashes. */
  makeBitsMin: 20,
  /** What is added to that by the time that the last box is taken. */
  makeBitsMore: 10,
  /** The most that a client works for: what an admin may ask, and what is added. */
  makeBitsMax: 34,
  /** Work for a deposit, where the box says nothing else: sixty-five thousand hashes. */
  depositBitsUsual: 16,
  /** The most that a box may ask of a depositor. */
  depositBitsMax: 24,
  /** Requests that wait for one box, and for all. */
  waitingOfBoxMax: 16,
  waitingMax: 512,
  /** How often it is looked what has become too old. */
  lookMs: 3_600_000,
} as const;

/** The limits of one pigeonhole. */
export type PigeonholeLimits = { readonly [K in keyof typeof pigeonholeLimits]: number };

/** What a node is told of its pigeonhole before it starts. */
export interface PigeonholeOptions {
  readonly limits: PigeonholeLimits;
  /** Boxes at one time. */
  readonly boxesMax: number;
}
