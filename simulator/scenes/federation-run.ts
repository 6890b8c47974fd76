/** What everybody in one run of the scene `federation` has in common. docs/simulator.md#federation */
import type { Reader } from '../../publication/sender-key.ts';
import type { Disk } from '../disk.ts';
import type { IdealKeys } from '../ideal.ts';
import type { Plant } from '../plants/plant.ts';
import type { World } from '../world.ts';
import type { Eavesdropper } from './eavesdropper.ts';
import type { Overheard } from './forgeries.ts';

export const SECOND = 1_000_000;

/** Until when people say things. */
export const speakUs = 25 * SECOND;

/** One run. */
export interface FederationRun {
  readonly world: World;
  readonly plant: Plant | null;
  readonly keys: IdealKeys;
  /** Mean time between two things that somebody says. */
  readonly intervalUsMean: number;
  /** Everything that was said and signed. */
  readonly heard: Overheard[];
  /** Those who are registered, by uniform. */
  readonly registered: Set<string>;
  /** Of whom everybody can have the keys. */
  readonly readers: ReadonlyMap<string, Reader>;
  readonly eavesdropper: Eavesdropper;
}

/** Clients keep nothing on a disk: they do not crash. */
export const noDisk: Disk = { request: () => {}, crash: () => {}, audit: () => new Map(), unanswered: 0 };

/** What happens at a host is seen by its machine alone. */
export const nobody = { onStarted: () => {}, onReply: () => {}, onDelivered: () => {} };
