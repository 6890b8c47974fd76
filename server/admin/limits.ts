/** What the admin channel takes. docs/operating.md#admin-limits */

/** Bytes, counts and milliseconds; the table in docs/operating.md#admin-limits holds the same numbers. */
export const adminLimits = {
  /** Bytes of a question or an answer. */
  lineBytesMax: 1_048_576,
  /** Questions at a time. */
  askedMax: 16,
  /** Until a question must have come, and an answer been taken. */
  askedMsMax: 10_000,
  /** Bytes of the socket's path, with what the system puts behind it. */
  socketPathBytesMax: 103,
} as const;
