/** The servers of the scene `federation`: a node, its disk with those who were registered before, and its crashes. docs/simulator.md#federation */
import { hexOf, textBytes } from '../../crypto/bytes.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { Append } from '../../store/store.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import type { Random } from '../random.ts';
import { beginNode, recordBefore } from './begin-node.ts';
import type { FederationRun } from './federation-run.ts';
import { byName } from './guests.ts';
import { idealDns } from './ideal-dns.ts';
import { den, hal, hostOf, keysOf, mallory, owners, persons, places, plainHost } from './town.ts';

/** Begins a server's first life; gives its disk. */
export function beginServer(run: FederationRun, name: string): Disk {
  const { world, keys } = run;
  const random = world.random.stream(name);
  const disk = diskOf(run, name, random);
  // Some know a key from their configuration, the others take the first of whom they go to; who forges cannot be gone to.
  const known = name === 'b.example' ? ['a.example', 'evil.example'] : [];
  const pins = new Map(known.map((domain) => [domain, hexOf(keys.domain(domain).fingerprint)]));
  const dns = idealDns(keys, random.stream('dns'));
  const plain = new Set(name === hostOf(places[1]) ? [plainHost] : []);
  beginNode(run, { name, random, disk, reader: byName, around: { dns } }, () => ({ pins, plain }));
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
    recordBefore(store, plan.uniform, values);
  }
  for (const [place, owner] of owners) {
    if (hostOf(place) !== name) continue;
    recordBefore(store, place, { owners: textBytes(owner) });
  }
  const durable = ({ context, packet }: Append): void => {
    world.observe({ kind: 'shown', host: name, where: 'the disk', bytes: packet });
    world.observe({ kind: 'durable', host: name, context, key: byName.keyOf(packet) ?? '' });
    if (context === den) eavesdropper.row(packet);
  };
  const disk = new FaultyDisk(world.clock, random.stream('disk'), world.faults, durable, store);
  return plant?.disk === undefined ? disk : plant.disk(disk, world, name);
}
