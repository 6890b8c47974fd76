/** Waits of a town of domains; by name. docs/operating.md#town-limits */

/** Counts and milliseconds; the table in docs/operating.md#town-limits holds the same numbers. */
export const townLimits = {
  /** Ports that are tried. */
  portTriesMax: 100,
  /** How long a server may take to end before it is killed. */
  endMsMax: 10_000,
  /** How long what a killed town left may take to end before it is left for the next time. */
  leftMsMax: 5_000,
} as const;
