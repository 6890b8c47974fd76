/** What a device of a scene is told of itself. docs/simulator.md#federation */
import type { CircuitLimits } from '../../circuit/limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { IdealKeys, IdealPerson } from '../ideal.ts';
import type { Observer } from '../observation.ts';
import type { Party } from './circuit-end.ts';
import type { World } from '../world.ts';
import { circuitBounds } from './bounds.ts';
import type { Confidant } from './confidant.ts';
import type { DevicePlan } from './town.ts';

/** Looks at a packet before its device does. */
export type DeviceHearing = (packet: Packet, routing: ReadonlyMap<string, string>) => void;

/** Who it is. */
export interface DeviceOptions {
  readonly plan: DevicePlan;
  readonly keys: IdealKeys;
  readonly identity: IdealPerson;
  /** With which he registers at first; null: he is registered. */
  readonly invite: string | null;
  /** As whom it comes in, where it has pins or is a visitor. */
  readonly party?: (() => Party) | undefined;
  /** For how long one circuit is used; without, as long as it lasts. */
  readonly circuitMsMax?: number | undefined;
  readonly hearing?: DeviceHearing | undefined;
  readonly circuitLimits: CircuitLimits;
  readonly observe: Observer;
  /** What was said with this tag is answered, and not refused. */
  readonly echoed: (tag: string) => void;
  /** What he does in the members-only place; null: he is not there. */
  readonly confidant: Confidant | null;
  /** He has logged in, and lives there. */
  readonly registered: () => void;
}

/** Of somebody who is registered, and whose device does nothing by itself. */
export const usualDevice = (world: World, keys: IdealKeys, plan: DevicePlan, identity: IdealPerson): DeviceOptions => ({
  plan,
  keys,
  identity,
  invite: null,
  circuitLimits: circuitBounds,
  observe: world.observe.bind(world),
  echoed: () => {},
  confidant: null,
  registered: () => {},
});
