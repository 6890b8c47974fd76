/** The scene: three domains, persons with one device or two, three places; everything fails now and then, and somebody forges. docs/simulator.md#federation */
import { calm } from '../faults.ts';
import { Host } from '../host.ts';
import { IdealKeys } from '../ideal.ts';
import type { Plant } from '../plants/plant.ts';
import type { World } from '../world.ts';
import { circuitBounds } from './bounds.ts';
import { inDen, readersOf, spyOn } from './den-people.ts';
import { checkers } from './federation-checkers.ts';
import { beginPerson } from './federation-person.ts';
import { type FederationRun, noDisk, nobody, SECOND } from './federation-run.ts';
import { beginServer } from './federation-server.ts';
import { forgersOf } from './forgeries.ts';
import { beginGuests, byName } from './guests.ts';
import type { Play, Scene } from './scene.ts';
import { keysOf as rowsOf, settled } from './talk.ts';
import { den, hal, invite, isPlace, persons, servers } from './town.ts';

const faultsUs = 30 * SECOND;
const graceUs = 12 * SECOND;

function begin(world: World, plant: Plant | null): Play {
  const random = world.random.stream('keys');
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));
  const keys = new IdealKeys(bytes, world.suiteOf(bytes));
  keys.close('c.example', [invite]);
  const intervalUsMean = world.random.stream('talk').pick([3 * SECOND, 6 * SECOND, 12 * SECOND]);
  const readers = readersOf(keys);
  const eavesdropper = spyOn(keys, readers, world.observe.bind(world));
  const run: FederationRun = {
    town: {
      isPlace,
      inviteOf: (person) => (persons.some(({ uniform, isNew }) => uniform === person && isNew) ? invite : null),
      confidantOf: (plan, identity, author, number) => inDen(run, plan, identity, author, () => number(den)),
    },
    world,
    plant,
    keys,
    intervalUsMean,
    heard: [],
    registered: new Set(),
    readers,
    eavesdropper,
  };
  const disks = new Map(servers.map((name) => [name as string, beginServer(run, name)]));
  const devices = [...persons, hal].flatMap((plan) => beginPerson(run, plan));
  for (const forger of forgersOf(keys, run.heard, circuitBounds, world.observe.bind(world))) {
    const host = new Host(world, forger.host, () => forger, noDisk, nobody, byName);
    world.clock.after(SECOND, () => host.start());
  }
  beginGuests(run);
  const { links } = world.network;
  for (const [a, b] of [
    [servers[0], servers[1]],
    [servers[0], servers[2]],
    [servers[1], servers[2]],
  ] as const) {
    links.startPartitions(a, b);
    if (world.random.stream(`schedule ${a} ${b}`).chance(0.3)) {
      world.clock.at(12 * SECOND, () => links.partition(a, b, false, 3 * SECOND));
    }
  }
  world.clock.at(faultsUs, () => world.calmDown(calm));
  return {
    isOver: settled(world, () => devices.every((device) => device.isContent), graceUs),
    stored: () => new Map([...disks].map(([name, disk]) => [name, rowsOf(disk, byName)])),
  };
}

/** Servers as they are meant to be run. */
export const federation: Scene = {
  name: 'federation',
  what: 'three domains, three places, one of them members-only, persons with several devices, forgers, a server without keys; servers crash, links part, disks fail',
  checkers,
  begin,
};
