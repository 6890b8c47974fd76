/** The scene: servers pass cells around while everything fails now and then, and one of them is dishonest. docs/simulator.md#onions */
import { textBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { EpochKey } from '../../listener-bots/events.ts';
import { openCell } from '../../listener-bots/opening.ts';
import { bareCell, envelopeFiller } from '../../onion/cell.ts';
import { pairOf } from '../../onion/keys.ts';
import { drawRoute, type Station } from '../../onion/route.ts';
import { sealOnion } from '../../onion/seal.ts';
import { ArrivalChecker } from '../checkers/arrival.ts';
import type { Checker } from '../checkers/checker.ts';
import { CongestionChecker } from '../checkers/congestion.ts';
import { EnvelopingChecker } from '../checkers/enveloping.ts';
import { FloodChecker } from '../checkers/flood.ts';
import { KeyholdersChecker } from '../checkers/keyholders.ts';
import { OnceChecker } from '../checkers/once.ts';
import { QueuesChecker } from '../checkers/queues.ts';
import { ReopeningChecker } from '../checkers/reopening.ts';
import { SpentChecker } from '../checkers/spent.ts';
import { TruthChecker } from '../checkers/truth.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import { calm } from '../faults.ts';
import { Host } from '../host.ts';
import { withIdealX25519 } from '../ideal-x25519.ts';
import type { Boot } from '../machine.ts';
import type { Plant } from '../plants/plant.ts';
import type { Random } from '../random.ts';
import { byTag, type KeyReader } from '../raw-packet.ts';
import type { World } from '../world.ts';
import { beginUnixMs } from './circuit-end.ts';
import { Dishonesty } from './mor-dishonest.ts';
import { MorNode, type MorStart } from './mor-node.ts';
import {
  accepted,
  everybody,
  evil,
  honest,
  links,
  maxima,
  membersOf,
  peersOf,
  small,
  smallCircuit,
} from './mor-town.ts';
import { OnionTickets } from './onion-tickets.ts';
import type { Play, Scene } from './scene.ts';
import { keysOf, settled } from './talk.ts';

const SECOND = 1_000_000;
const faultsUs = 30 * SECOND;
/** Onions are handed in from here to there: while things fail, and when they do not any more. */
const troubledUs = [3 * SECOND, 26 * SECOND] as const;
const calmUs = [46 * SECOND, 56 * SECOND] as const;
/** How many at each server in each of them: in calm so few that no server has much to put out. */
const troubledMax = 5;
const calmMax = 2;
/** Onions of each server that leave secrets at others, while things fail: more would keep others from being put out. */
const depositsMax = 1;
/** A minute of calm is looked at whole. */
const leastUs = 105 * SECOND;
const graceUs = 5 * SECOND;
/** Who has only just started has not read his disk. */
const startingUs = 2 * SECOND;
const layers = 3;

/** Nothing is acknowledged: what came out is known by its tag. */
const reader: KeyReader = { keyOf: (packet) => byTag.keyOf(packet), keyAcknowledged: () => null };

const suiteOf = (world: World, random: Random): Suite =>
  withIdealX25519(world.suiteOf((length) => Uint8Array.from({ length }, () => random.below(256))));

function begin(world: World, plant: Plant | null): Play {
  const random = world.random.stream('onions');
  const suite = suiteOf(world, random.stream('keys'));
  const keys = new Map(
    everybody.map((name): [string, EpochKey] => [
      name,
      { pair: pairOf(suite, suite.random(32)), beginsMs: 0, endsMs: Number.MAX_SAFE_INTEGER },
    ]),
  );
  const stations = accepted.map((domain): Station => {
    const { pair, beginsMs } = keys.get(domain)!;
    return { domain, group: domain, keys: [{ publicKey: pair.publicKey, beginsMs }] };
  });
  const start: MorStart = (options, life) => new MorNode(options, life);
  const planted = plant?.onions?.(start) ?? start;
  const awaited = new Set<string>();
  const tickets: OnionTickets[] = [];
  const disks = new Map<string, Disk>();
  const isCalm = (): boolean => world.clock.nowUs >= faultsUs;
  for (const name of everybody) {
    const own = random.stream(name);
    let disk: Disk = new FaultyDisk(world.clock, own.stream('disk'), world.faults, () => {});
    if (plant?.disk !== undefined) disk = plant.disk(disk, world, name);
    disks.set(name, disk);
    const dishonesty = new Dishonesty(
      name,
      own.stream('dishonesty'),
      isCalm,
      suite,
      stations.flatMap((station) => station.keys),
    );
    let boot: Boot = (life) => {
      const options = {
        domain: name,
        suite: suiteOf(world, own.stream(`life ${life}`)),
        peers: peersOf(name),
        keys: [keys.get(name)!],
        stations,
        limits: small,
        circuitLimits: smallCircuit,
        open: openCell,
      };
      const machine = planted(options, life);
      return name === evil ? dishonesty.around(machine) : machine;
    };
    if (plant?.boot !== undefined) boot = plant.boot(boot);
    let startedUs = Number.MAX_SAFE_INTEGER;
    const users = {
      onStarted: () => void (startedUs = world.clock.nowUs),
      onReply: () => {},
      onDelivered: (_context: string, _sequence: number, packet: Uint8Array) => {
        const tag = reader.keyOf(packet) ?? '';
        awaited.delete(tag);
        for (const one of tickets) one.delivered(tag);
      },
    };
    const host = new Host(world, name, boot, disk, users, reader);
    world.clock.after(own.below(SECOND), () => host.start());
    host.startCrashing();
    if (!(honest as readonly string[]).includes(name)) continue;
    const isReady = (): boolean => host.up && world.clock.nowUs - startedUs >= startingUs;
    playTickets(world, host, suite, own.stream('tickets'), stations, isReady, tickets, awaited);
    for (const [[from, to], most] of [
      [troubledUs, troubledMax],
      [calmUs, calmMax],
    ] as const) {
      for (let number = 1; number <= most; number++) {
        world.clock.at(own.between(from, to), () => {
          if (isReady()) handIn(world, host, `${name}-${from / SECOND}-${number}`, suite, own, stations, awaited);
        });
      }
    }
  }
  for (const [a, b] of links) world.network.links.startPartitions(a, b);
  world.clock.at(faultsUs, () => world.calmDown(calm));
  return {
    isOver: settled(world, () => awaited.size === 0 && world.clock.nowUs >= leastUs, graceUs),
    stored: () => new Map([...disks].map(([name, disk]) => [name, keysOf(disk, reader)])),
  };
}

/** Somebody at this server sends somebody at another an onion over three hops. */
function handIn(
  world: World,
  host: Host,
  tag: string,
  suite: Suite,
  random: Random,
  stations: readonly Station[],
  awaited: Set<string>,
): void {
  const unixMs = beginUnixMs + world.clock.nowMs;
  const last = random.pick(stations.filter(({ domain }) => domain !== host.name && domain !== evil));
  const target = `psyc://${last.domain}/~bob`;
  const content = `_message_private\nhello from ${tag}\n`;
  const route = drawRoute(suite, stations, layers, last, unixMs)!;
  const packet = textBytes(`:_target\t${target}\n:_tag\t${tag}\n\n${content}|\n`);
  const { onion } = sealOnion(suite, route, 'exit', packet, Math.floor(unixMs / 1000), suite.random);
  const isCalm = world.clock.nowUs >= calmUs[0];
  if (isCalm) awaited.add(tag);
  const said = { key: tag, author: '', target, tag, counter: 1, content: textBytes(content) };
  world.observe({ kind: 'said', ...said });
  world.observe({ kind: 'handed', host: host.name, key: tag, onion, isCalm });
  host.tell({ kind: 'said', packet: bareCell(onion, envelopeFiller(suite, suite.random)) });
}

/** The people at this server leave secrets at others, and use them for tickets and for ways there. */
function playTickets(
  world: World,
  host: Host,
  suite: Suite,
  random: Random,
  stations: readonly Station[],
  isReady: () => boolean,
  all: OnionTickets[],
  awaited: Set<string>,
): void {
  const hand = (onion: Uint8Array): void => {
    if (isReady()) host.tell({ kind: 'said', packet: bareCell(onion, envelopeFiller(suite, suite.random)) });
  };
  const one = new OnionTickets({
    first: all.length,
    ...{ suite, random, hand, from: host.name },
    stations: stations.filter(({ domain }) => domain !== evil),
    nowSeconds: () => Math.floor((beginUnixMs + world.clock.nowMs) / 1000),
    after: (delayMs, happen) => world.clock.after(1000 * delayMs, happen),
    observe(observation) {
      world.observe(observation);
      if (observation.kind === 'handed') awaited.add(observation.key);
    },
  });
  all.push(one);
  for (let number = 1; number <= depositsMax; number++) {
    const tag = `${host.name}-secrets-${number}`;
    world.clock.at(random.between(...troubledUs), () => {
      if (isReady()) hand(one.deposit(tag));
    });
  }
  world.clock.at(random.between(...calmUs), () => {
    if (isReady()) one.goThere();
  });
}

const checkers = (): Checker[] => [
  new OnceChecker(),
  new TruthChecker(({ target, tag }) => `_target ${target},_tag ${tag}`),
  new QueuesChecker(maxima),
  new ReopeningChecker(honest),
  new ArrivalChecker(),
  new SpentChecker(),
  new KeyholdersChecker(membersOf),
  new FloodChecker(honest, membersOf),
  new EnvelopingChecker(),
  new CongestionChecker(honest, small.linkMsMean),
];

/** Listeners as they are meant to be run, but for one. */
export const onions: Scene = {
  name: 'onions',
  what: 'six servers pass cells around; one drops, delays, spoils and replays, one is no member; servers crash, links part, disks fail',
  checkers,
  begin,
};
