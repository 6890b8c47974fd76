/** What nobody may make a node keep; by name. docs/spec/round-trips.md#answering-limits */

/** Counts, bytes, seconds and milliseconds; the table in docs/spec/round-trips.md#answering-limits holds the same numbers. */
export const requestLimits = {
  /** Tickets of one request: as many as a cell can carry. */
  ticketsMax: 4,
  /** Requests that are kept: what all servers together can put out in about that time. */
  requestsMax: 50_000,
  /** How long one is kept: its cells are over by then, and those of all its repetitions. */
  requestSeconds: 9_000,
  /** Requests that entities have and have not answered. */
  runningMax: 256,
  /** Tickets that wait for one answer; the oldest goes. */
  waitingMax: 16,
  /** How long an entity may take. */
  answerMs: 60_000,
  /** Bytes of an answer. */
  answerBytesMax: 98_304,
  /** How soon the store is asked again for what is kept. */
  retryMs: 2_000,
} as const;
