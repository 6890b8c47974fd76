/** What an anonymous message may be. docs/spec/people.md#anonymous-limits */
import { onionLimits } from '../../onion/limits.ts';

/** Counts and bytes; the table in docs/spec/people.md#anonymous-limits holds the same numbers. */
export const anonymousLimits = {
  /** Layers of a route, the last one's included. */
  hopsMin: 2,
  hopsMax: onionLimits.layersMax,
  hopsUsual: 3,
  /** Servers that a question goes over, and its answer: the last layer of a ticket is its owner's. */
  askHopsMax: onionLimits.layersMax - 1,
  /** Bytes of a message as it comes out of its cells: what a stranger may say at once, less what the reader's server writes over it. */
  messageBytesMax: 19_456,
  /** Pages of servers that the home is asked for. */
  pagesMax: 64,
  /** Seconds between two strikes of a client's clock, in the mean. */
  clockSecondsMin: 1,
  clockSecondsMax: 60,
  /** Cells that leave on it. */
  clockCellsMin: 2,
  clockCellsMax: 100,
  clockCellsUsual: 10,
  /** Such a clock that is later begins anew. */
  clockLateMsMax: 1_000,
  /** Bytes of the file of one person's keys. */
  keysBytesMax: 4_096,
} as const;
