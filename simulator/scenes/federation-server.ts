/** The servers of the scene `federation`: a node, its disk with those who were registered before, and its crashes. docs/simulator.md#federation */
import { hexOf, textBytes } from '../../crypto/bytes.ts';
import type { NodeOptions } from '../../federation/events.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { decodeRange } from '../../psyc/bytes.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { Append, Operation } from '../../store/store.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import { Host } from '../host.ts';
import type { Boot } from '../machine.ts';
import type { Random } from '../random.ts';
import { circuitBounds, deliveryBounds, nodeBounds } from './bounds.ts';
import { FederationMachine } from './federation-machine.ts';
import { type FederationRun, nobody, SECOND } from './federation-run.ts';
import { byName } from './guests.ts';
import { idealDns } from './ideal-dns.ts';
import { den, hal, hostOf, keysOf, mallory, owners, persons, places, plainHost } from './town.ts';

/** Begins a server's first life; gives its disk. */
export function beginServer(run: FederationRun, name: string): Disk {
  const { world, plant, keys } = run;
  const random = world.random.stream(name);
  const disk = diskOf(run, name, random);
  // Some know a key from their configuration, the others take the first of whom they go to; who forges cannot be gone to.
  const known = name === 'b.example' ? ['a.example', 'evil.example'] : [];
  const pins = new Map(known.map((domain) => [domain, hexOf(keys.domain(domain).fingerprint)]));
  const dns = idealDns(keys, random.stream('dns'));
  let boot: Boot = (life) => {
    const options: NodeOptions = {
      identity: keys.domain(name),
      life,
      suite: keys.suite,
      decode: decodeRange,
      pins,
      origins: [],
      plain: new Set(name === hostOf(places[1]) ? [plainHost] : []),
      placed: new Set(),
      trustLimits,
      circuitLimits: circuitBounds,
      deliveryLimits: deliveryBounds,
      federationLimits: nodeBounds,
    };
    return new FederationMachine(plant?.federation?.(options) ?? options, keys, { dns });
  };
  if (plant?.boot !== undefined) boot = plant.boot(boot);
  const host = new Host(world, name, boot, disk, nobody, byName);
  world.clock.after(random.below(SECOND), () => host.start());
  host.startCrashing();
  return disk;
}

/** The disk of a server, with those who were registered before. */
function diskOf({ world, plant, keys, eavesdropper }: FederationRun, name: string, random: Random): Disk {
  const store = new MemoryStore();
  const identity = keys.domain(name);
  for (const plan of [...persons, mallory, hal]) {
    if (plan.server !== name || plan.isNew) continue;
    const { fingerprint, key, statement } = keysOf(keys, plan);
    const values = { fingerprint, key: keys.certified(key, identity), statement };
    const operations = Object.entries(values).map(
      ([record, value]): Operation => ({ op: 'record', context: plan.uniform, lease: 1, name: record, value }),
    );
    store.perform({ kind: 'write', request: 0, operations });
  }
  for (const [place, owner] of owners) {
    if (hostOf(place) !== name) continue;
    const value = textBytes(owner);
    const operations = [{ op: 'record', context: place, lease: 1, name: 'owners', value } as const];
    store.perform({ kind: 'write', request: 0, operations });
  }
  const durable = ({ context, packet }: Append): void => {
    world.observe({ kind: 'shown', host: name, where: 'the disk', bytes: packet });
    world.observe({ kind: 'durable', host: name, context, key: byName.keyOf(packet) ?? '' });
    if (context === den) eavesdropper.row(packet);
  };
  const disk = new FaultyDisk(world.clock, random.stream('disk'), world.faults, durable, store);
  return plant?.disk === undefined ? disk : plant.disk(disk, world, name);
}
