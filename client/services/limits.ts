/** How much a client does before a service that asks for work gets what it asks for; by name. docs/spec/pigeonhole.md#asking-limits */

/** Hashes, bits and counts; the table in docs/spec/pigeonhole.md#asking-limits holds the same numbers. */
export const askingLimits = {
  /** Hashes of a proof of work before other things get their turn. */
  hashesOfTurn: 20_000,
  /** Work of which people are told beforehand. */
  longBitsMin: 22,
  /** Times that something is asked with more work, or anew, before that is told. */
  triesMax: 3,
} as const;
