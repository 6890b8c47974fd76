/** Sizes of an export; by name. docs/spec/leaving.md#export-limits */

/** The table in docs/spec/leaving.md#export-limits holds the same numbers. */
export const exportLimits = {
  /** Bytes of `export.json`. */
  manifestBytesMax: 65_536,
  /** Bytes of one line, which holds a packet. */
  lineBytesMax: 4_194_304,
  /** Bytes that are written at once. */
  pieceBytesMax: 65_536,
} as const;
