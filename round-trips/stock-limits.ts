/** How many secrets a client keeps, and how fresh; by name. docs/spec/round-trips.md#stock-limits */

/** Counts and seconds; the table in docs/spec/round-trips.md#stock-limits holds the same numbers. */
export const stockLimits = {
  levelMax: 3,
  /** Tickets that somebody may want to have at any time. */
  ticketsMax: 32,
  /** Routes there of secrets that somebody may want to have beside them. */
  routesMax: 32,
  /** That may be waited for at a time. */
  awaitedMax: 64,
  secretsMax: 1_024,
  /** Who has less left is not used any more: its ticket would be over before the trip. */
  leastSeconds: 1_200,
  /** Secrets that are being fetched at a time. */
  comingMax: 8,
  /** Bytes of the file that it is kept in. */
  fileBytesMax: 393_216,
} as const;
