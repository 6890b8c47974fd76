/** How long a look at a server may take, and how much it may answer. docs/operating.md#doctor-limits */

/** Milliseconds and bytes; the table in docs/operating.md#doctor-limits holds the same numbers. */
export const doctorLimits = {
  /** One connection to one address. */
  probeMsMax: 10_000,
  /** Bytes until the proof has come: a key and its proof. */
  proofBytesMax: 262_144,
} as const;
