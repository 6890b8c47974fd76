/** What those who put something into a box may make its owner's client keep; by name. docs/spec/pigeonhole.md#client-limits */

/** Counts, bytes, hours and hashes; the table in docs/spec/pigeonhole.md#client-limits holds the same numbers. */
export const boxClientLimits = {
  /** Messages that have come in part. */
  partialMax: 256,
  /** Bytes of those. */
  partialBytesMax: 2_097_152,
  /** Messages that have come, which are remembered so that none comes twice. */
  seenMax: 16_384,
  /** Messages that are not shown yet, and their bytes, with which nothing more is fetched: a domain could else give without end. */
  unshownMax: 1_024,
  unshownBytesMax: 2_097_152,
  /** How old a message may be, or ahead, when it comes: more than a deposit is kept. */
  oldHoursMax: 768,
  aheadHoursMax: 24,
  /** Bytes of the file of one box. */
  fileBytesMax: 8_388_608,
  /** Bytes of a box's name here. */
  nameBytesMax: 32,
} as const;
