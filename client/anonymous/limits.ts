/** What an anonymous message may be. docs/spec/people.md#anonymous-limits */
import { onionLimits } from '../../onion/limits.ts';

/** Counts and bytes; the table in docs/spec/people.md#anonymous-limits holds the same numbers. */
export const anonymousLimits = {
  /** Layers of a route, the last one's included. */
  hopsMin: 2,
  hopsMax: onionLimits.layersMax,
  hopsUsual: 3,
  /** Bytes of the file of one person's keys. */
  keysBytesMax: 4_096,
} as const;
