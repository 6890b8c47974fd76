/** What an anonymous message may be. docs/spec/people.md#anonymous */
import { onionLimits } from '../../onion/limits.ts';

/** Counts and bytes. */
export const anonymousLimits = {
  /** Layers of a route, the last one's included. */
  hopsMin: 2,
  hopsMax: onionLimits.layersMax,
  hopsUsual: 3,
  /** Bytes of the file of one person's keys. */
  keysBytesMax: 4_096,
} as const;
