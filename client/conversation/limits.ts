/** What a conversation keeps, how far it looks and how much it takes; by name. docs/spec/conversations.md#limits */

/** Counts, bytes and hours; the table in docs/spec/conversations.md#limits holds the same numbers. */
export const conversationLimits = {
  /** Addresses of a turn that are looked at from the next one on. */
  lookAhead: 32,
  /** Messages that have not come, whose keys are kept. */
  skippedMax: 1_024,
  /** Deposits of one turn, until the other side has answered. */
  turnMax: 1_024,
  /** Deposits of one message. */
  partsMax: 32,
  /** Deposits that wait to be put. */
  outboxMax: 256,
  /** Messages that have come in part, or whole and are not shown yet, and with which nothing more is looked for. */
  partialMax: 64,
  unshownMax: 1_024,
  /** How long what has not come is looked for: longer than a mailbox keeps it. */
  lateHoursMax: 768,
  /** Times that one side may ask to begin anew before the other has answered. */
  requestsMax: 8,
  /** Bytes of the file of one conversation, and letters of its name here. */
  fileBytesMax: 8_388_608,
  nameBytesMax: 32,
  /** Of four requests as nobody one asks for an address that nobody has. */
  randomOutOf: 4,
} as const;
