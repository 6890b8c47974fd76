/** The scene: two servers whose people talk to each other while everything fails now and then. docs/simulator.md#talk */
import { blake2b } from '@noble/hashes/blake2.js';
import type { Checker } from '../checkers/checker.ts';
import { AcknowledgementChecker } from '../checkers/acknowledgement.ts';
import { DurabilityChecker } from '../checkers/durability.ts';
import { LivenessChecker } from '../checkers/liveness.ts';
import { OnceChecker } from '../checkers/once.ts';
import { OrderChecker } from '../checkers/order.ts';
import { QueuesChecker } from '../checkers/queues.ts';
import { TruthChecker } from '../checkers/truth.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import { calm } from '../faults.ts';
import { Host } from '../host.ts';
import type { Boot } from '../machine.ts';
import type { Plant } from '../plants/plant.ts';
import { byCounter, keyOf, type KeyReader } from '../raw-packet.ts';
import type { World } from '../world.ts';
import { People } from './people.ts';
import type { Play, Scene } from './scene.ts';
import { TalkNode, type TalkNodeOptions } from './talk-node.ts';

const SECOND = 1_000_000;
/** People speak for so long, faults end a little later, and then everything must settle. Microseconds. */
const speakUs = 25 * SECOND;
const faultsUs = 30 * SECOND;
const settleUs = 180 * SECOND;
/** After everything has arrived: time for what should not come to come. */
const graceUs = 3 * SECOND;

/** Limits small enough to be met within half a minute. */
const circuitLimits = {
  openingMsMax: 4_000,
  greetingMsMax: 5_000,
  idleMsMax: 6_000,
  keepAliveMs: 2_000,
  unsentBytesMax: 4_096,
};
const deliveryLimits = {
  waitingMax: 8,
  waitingBytesMax: 5_000,
  heldMax: 6,
  heldBytesMax: 4_000,
  authorsMax: 2,
  batchMax: 4,
  batchBytesMax: 3_000,
  windowMax: 6,
  windowBytesMax: 4_000,
  windowSilentMax: 2,
  backlogMax: 12,
  resentMax: 12,
  retryMsMin: 50,
  retryMsMax: 2_000,
  resendMsMin: 400,
  resendMsMax: 5_000,
  giveUpMsMax: 259_200_000,
};

/** What the checker of queues goes by, in words of its own. */
const maxima = {
  circuits: 3,
  waiting: 8,
  'waiting bytes': 5_000,
  held: 6,
  'held bytes': 4_000,
  authors: 2,
  window: 6,
  'window bytes': 4_000,
  // The limit, and the one write of the last life that may be committed after the start.
  backlog: 12 + 4,
  // The limit, and the packet in which a circuit says why it ends.
  'unsent bytes': 4_096 + 150,
  // For each of four logs: a write or a read or marks, a mark, a look-up of each author.
  'store requests': 16,
};

const hash = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });
const names = ['a.example', 'b.example'] as const;
const targetsOf = (host: string): string[] => [`psyc://${host}/@hall`, `psyc://${host}/~zoe`];
const authorsOf = (host: string): string[] => ['ada', 'bob', 'cyd'].map((nick) => `psyc://${host}/~${nick}`);

function begin(world: World, plant: Plant | null, datagrams: boolean): Play {
  const disks = new Map<string, Disk>();
  const everybody: People[] = [];
  const underWay = new Set<string>();
  const intervalUsMean = world.random.stream('talk').pick([SECOND, 3 * SECOND, 8 * SECOND]);
  for (const name of names) {
    const peer = name === names[0] ? names[1] : names[0];
    const random = world.random.stream(name);
    let disk: Disk = new FaultyDisk(world.clock, random.stream('disk'), world.faults, (append) => {
      world.observe({ kind: 'durable', host: name, context: append.context, key: keyOf(append.packet) ?? '' });
    });
    if (plant?.disk !== undefined) disk = plant.disk(disk, world, name);
    disks.set(name, disk);
    const local = targetsOf(name);
    const remote = targetsOf(peer);
    let options: TalkNodeOptions = {
      peer,
      dials: name === names[0],
      datagrams,
      local,
      remote,
      circuitLimits,
      deliveryLimits,
      hash,
    };
    if (plant?.options !== undefined) options = plant.options(options);
    let boot: Boot = (life) => new TalkNode(options, life);
    if (plant?.boot !== undefined) boot = plant.boot(boot);
    const people = new People(world, random.stream('people'), authorsOf(name), remote, local, underWay);
    everybody.push(people);
    const host = new Host(world, name, boot, disk, people);
    world.clock.after(random.below(SECOND), () => host.start());
    people.begin(host, speakUs, intervalUsMean);
    host.startCrashing();
  }
  const { links } = world.network;
  links.startPartitions(...names);
  if (world.random.stream('schedule').chance(0.5)) {
    world.clock.at(12 * SECOND, () => links.partition(...names, false, 2 * SECOND));
  }
  world.clock.at(faultsUs, () => world.calmDown(calm));
  return {
    isOver: settled(world, () => underWay.size === 0 && everybody.every((people) => people.isContent())),
    stored: () => new Map([...disks].map(([name, disk]) => [name, keysOf(disk)])),
  };
}

/** Over when everything said was delivered and acknowledged, and a while has passed; or when it takes too long. */
export function settled(world: World, isContent: () => boolean, calmUs: number = graceUs): () => boolean {
  let sinceUs = -1;
  return () => {
    const { nowUs } = world.clock;
    if (nowUs < faultsUs) return false;
    if (nowUs >= faultsUs + settleUs) return true;
    if (sinceUs === -1 && isContent()) sinceUs = nowUs;
    return sinceUs !== -1 && nowUs >= sinceUs + calmUs;
  };
}

/** The keys of every row on a disk, in order, by context. */
export function keysOf(disk: Disk, reader: KeyReader = byCounter): Map<string, string[]> {
  const keys = new Map<string, string[]>();
  for (const [context, packets] of disk.audit()) {
    keys.set(
      context,
      packets.map((packet) => reader.keyOf(packet) ?? ''),
    );
  }
  return keys;
}

const checkers = (): Checker[] => [
  new OrderChecker(),
  new OnceChecker(),
  new TruthChecker(),
  new AcknowledgementChecker(),
  new DurabilityChecker(),
  new LivenessChecker(),
  new QueuesChecker(maxima),
];

/** Over circuits. */
export const talk: Scene = {
  name: 'talk',
  what: 'two servers talk over circuits; they crash, links part, connections break, disks fail',
  checkers,
  begin: (world, plant) => begin(world, plant, false),
};

/** Without them. */
export const datagrams: Scene = {
  name: 'datagrams',
  what: 'the same talk with each packet in a datagram: lost, doubled, overtaken',
  checkers,
  begin: (world, plant) => begin(world, plant, true),
};
