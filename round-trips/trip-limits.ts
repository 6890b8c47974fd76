/** How often, how long and how many at once; by name. docs/spec/round-trips.md#limits */

/** Counts and milliseconds; the table in docs/spec/round-trips.md#limits holds the same numbers. */
export const tripLimits = {
  /** Before anything is known of a network's delays. */
  firstTimeoutMs: 10_000,
  timeoutMsMin: 1_000,
  timeoutMsMax: 120_000,
  /** G of RFC 6298: how fine delays are measured. */
  clockMs: 10,
  /** Requests for one answer. */
  attemptsMax: 8,
  /** From the wish to its end, whatever lacks. */
  tripMs: 600_000,
  /** Under way at once. */
  tripsMax: 64,
} as const;
