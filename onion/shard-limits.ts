/** How big a message of shards may be, and how many are put together at once; by name. docs/spec/shards.md#limits */

/** Bytes, counts, percent, milliseconds; the table in docs/spec/shards.md#limits holds the same numbers. */
export const shardLimits = {
  /** Bytes of a message. */
  messageBytesMax: 1_048_576,
  /** Shards of one block that are needed, at most: the work of rebuilding grows with their square. */
  neededMax: 64,
  /** Shards of one block: as many points as the field has but 0. */
  shardsMax: 255,
  blocksMax: 8,
  /** Shards more than needed, where the sender does not say otherwise. */
  sparePercent: 50,
  /** A reader makes of a packed message at most so many times its bytes. */
  inflationMax: 64,
  /** How long a reader waits for what lacks, since the last shard that was new. */
  partsMs: 600_000,
  /** Messages that are being put together; and as many that came whole within that time. */
  partedMax: 16_384,
  /** Bytes of shards kept for them. */
  partedBytesMax: 67_108_864,
} as const;
