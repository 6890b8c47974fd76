/** What is reconciled: ids in the order of their times, and bounds between them. docs/spec/reconciliation.md#sets */

/** Bytes of an id, and of a bound's whole prefix. */
export const ID_BYTES = 32;

/** One element of a set; sets are ordered by time, and by the id's bytes where times are equal. */
export interface Item {
  /** Whole milliseconds, below 2^53. */
  readonly timeMs: number;
  /** 32 bytes that are evenly spread, as digests are. */
  readonly id: Uint8Array;
}

/** A place between items: whatever is below it comes before. */
export interface Bound {
  /** As an item's; `Infinity` is behind everything. */
  readonly timeMs: number;
  /** The first bytes of an id, 0 to 32; zeros follow. */
  readonly prefix: Uint8Array;
}

const NONE = new Uint8Array(0);

/** Before every item. */
export const lowest: Bound = { timeMs: 0, prefix: NONE };

/** Behind every item. */
export const highest: Bound = { timeMs: Infinity, prefix: NONE };

/** Negative, zero or positive as the 32 bytes from `at` on are below, at or above the prefix with zeros behind it. */
export function comparePrefix(bytes: Uint8Array, at: number, prefix: Uint8Array): number {
  for (let index = 0; index < prefix.length; index++) {
    const difference = bytes[at + index]! - prefix[index]!;
    if (difference !== 0) return difference;
  }
  for (let index = prefix.length; index < ID_BYTES; index++) if (bytes[at + index] !== 0) return 1;
  return 0;
}

/** Whether one bound is before another; prefixes count as if zeros followed. */
export function isBefore(a: Bound, b: Bound): boolean {
  if (a.timeMs !== b.timeMs) return a.timeMs < b.timeMs;
  const padded = new Uint8Array(ID_BYTES);
  padded.set(a.prefix);
  return comparePrefix(padded, 0, b.prefix) < 0;
}

/** The shortest bound with `before` below it, and `after` not: neighbours, in this order. */
export function boundBetween(before: Item, after: Item): Bound {
  if (before.timeMs !== after.timeMs) return { timeMs: after.timeMs, prefix: NONE };
  let shared = 0;
  while (shared < ID_BYTES - 1 && before.id[shared] === after.id[shared]) shared++;
  return { timeMs: after.timeMs, prefix: after.id.slice(0, shared + 1) };
}
