/** What a reconciliation may cost; by name. docs/spec/reconciliation.md#reconciliation-limits */

/** Bytes and counts; the table in docs/spec/reconciliation.md#reconciliation-limits holds the same numbers. */
export const reconciliationLimits = {
  /** Bytes of one frame, written or read. */
  frameBytesMax: 65_536,
  /** Bytes that whoever writes frames may ask them to be kept to, at least: below it a round might bring nothing. */
  frameBytesMin: 4096,
  /** Answers that who began reads; what is still missing then is for the next reconciliation. */
  roundsMax: 256,
} as const;
