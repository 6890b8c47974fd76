/** How long a domain's files may be, and how long its first onion epoch lasts. docs/operating.md#limits */

/** Bytes and seconds; the table in docs/operating.md#limits holds the same numbers. */
export const domainLimits = {
  /** Bytes of domain.key: the text form of the longest key. */
  domainKeyBytesMax: 131_072,
  /** Bytes of the file of invitations, 65 for each. */
  invitesBytesMax: 1_048_576,
  /** Seconds of an onion epoch's key: a week of its own, and one beside the next. */
  epochSeconds: 1_209_600,
} as const;
