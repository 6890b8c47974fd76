/** What a server has in common in every scene with people: a node under ideal keys, who is registered there before, and its crashes. docs/simulator.md#federation */
import type { NodeOptions } from '../../federation/events.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { decodeRange } from '../../psyc/bytes.ts';
import type { MemoryStore } from '../../store/memory.ts';
import type { Operation } from '../../store/store.ts';
import type { Disk } from '../disk.ts';
import { Host } from '../host.ts';
import type { IdealKeys } from '../ideal.ts';
import type { Boot, Machine } from '../machine.ts';
import type { Plant } from '../plants/plant.ts';
import type { Random } from '../random.ts';
import type { KeyReader } from '../raw-packet.ts';
import type { World } from '../world.ts';
import { circuitBounds, deliveryBounds, nodeBounds } from './bounds.ts';
import { FederationMachine, type Surroundings } from './federation-machine.ts';
import { nobody, SECOND } from './federation-run.ts';

/** What a run has in common. */
interface Run {
  readonly world: World;
  readonly plant: Plant | null;
  readonly keys: IdealKeys;
}

/** One server. */
interface Server {
  readonly name: string;
  /** What its moments are drawn from. */
  readonly random: Random;
  readonly disk: Disk;
  /** How what was said is known in its packets. */
  readonly reader: KeyReader;
  readonly around: Surroundings;
  /** What it does otherwise than its node would, where it is dishonest. */
  readonly manners?: ((machine: Machine) => Machine) | undefined;
}

/** Begins a server's first life within a second; `optionsOf` says, in each life, what is different about its node. */
export function beginNode(run: Run, server: Server, optionsOf: () => Partial<NodeOptions>): Host {
  const { world, plant, keys } = run;
  const { name, random, disk, reader, around, manners = (machine): Machine => machine } = server;
  const boot: Boot = (life) => {
    const options: NodeOptions = {
      identity: keys.domain(name),
      life,
      suite: keys.suite,
      decode: decodeRange,
      pins: new Map(),
      origins: [],
      plain: new Set(),
      placed: new Set(),
      trustLimits,
      circuitLimits: circuitBounds,
      deliveryLimits: deliveryBounds,
      federationLimits: nodeBounds,
      ...optionsOf(),
    };
    return manners(new FederationMachine(plant?.federation?.(options) ?? options, keys, around));
  };
  const host = new Host(world, name, plant?.boot?.(boot) ?? boot, disk, nobody, reader);
  world.clock.after(random.below(SECOND), () => host.start());
  host.startCrashing();
  return host;
}

/** Writes down what a store knows of somebody before anything begins. */
export function recordBefore(store: MemoryStore, context: string, values: Readonly<Record<string, Uint8Array>>): void {
  const operations = Object.entries(values).map(
    ([name, value]): Operation => ({ op: 'record', context, lease: 1, name, value }),
  );
  store.perform({ kind: 'write', request: 0, operations });
}
