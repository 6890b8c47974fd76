/** What everybody in one run of the scene `federation` has in common. docs/simulator.md#federation */
import type { Reader } from '../../publication/sender-key.ts';
import type { Disk } from '../disk.ts';
import type { IdealKeys, IdealPerson } from '../ideal.ts';
import type { Plant } from '../plants/plant.ts';
import type { World } from '../world.ts';
import type { Author } from './author.ts';
import type { Party } from './circuit-end.ts';
import type { Confidant } from './confidant.ts';
import type { DeviceHearing } from './device-options.ts';
import type { Eavesdropper } from './eavesdropper.ts';
import type { Overheard } from './forgeries.ts';
import type { DevicePlan } from './town.ts';

export const SECOND = 1_000_000;

/** Until when people say things. */
export const speakUs = 25 * SECOND;

/** Next number and tag of what a device says to somebody. */
type Numbering = (target: string) => { readonly counter: number; readonly tag: string };

/** What devices are told of where they are. */
export interface Town {
  isPlace(uniform: string): boolean;
  /** How somebody registers who is not registered before the play; null: he is. */
  inviteOf(person: string): string | null;
  /** What a device does in a members-only place; null: it is not there. */
  confidantOf(plan: DevicePlan, identity: IdealPerson, author: Author, number: Numbering): Confidant | null;
  /** As whom a device comes in, each time that it dials; without, as whoever it is, with no pins. */
  partyOf?(plan: DevicePlan, identity: IdealPerson): () => Party;
  /** A device has proved itself, and the server to it. */
  proved?(plan: DevicePlan): void;
  /** For how long a device uses one circuit. */
  readonly circuitMsMax?: number;
  /** Looks at what a device hears, before it does. */
  hearingOf?(plan: DevicePlan): DeviceHearing;
}

/** A run of a scene with nodes and people. */
export interface PeopledRun {
  readonly town: Town;
  readonly world: World;
  readonly plant: Plant | null;
  readonly keys: IdealKeys;
  /** Mean time between two things that somebody says. */
  readonly intervalUsMean: number;
  /** Everything that was said and signed. */
  readonly heard: Overheard[];
  /** Those who are registered, by uniform. */
  readonly registered: Set<string>;
}

/** One run. */
export interface FederationRun extends PeopledRun {
  /** Of whom everybody can have the keys. */
  readonly readers: ReadonlyMap<string, Reader>;
  readonly eavesdropper: Eavesdropper;
}

/** Clients keep nothing on a disk: they do not crash. */
export const noDisk: Disk = { request: () => {}, crash: () => {}, audit: () => new Map(), unanswered: 0 };

/** What happens at a host is seen by its machine alone. */
export const nobody = { onStarted: () => {}, onReply: () => {}, onDelivered: () => {} };
