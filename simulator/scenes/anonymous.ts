/** The scene: people of five domains write to each other as nobody, through whole servers with listeners in two contexts; everything fails now and then, and one more server is dishonest. docs/simulator.md#anonymous */
import { hexOf, textBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { NodeOptions } from '../../federation/events.ts';
import type { EpochKey } from '../../listener-bots/events.ts';
import { openCell } from '../../listener-bots/opening.ts';
import { onionOf } from '../../onion/cell.ts';
import { pairOf } from '../../onion/keys.ts';
import type { Station } from '../../onion/route.ts';
import { render } from '../../psyc/render.ts';
import { SEALED_METHOD } from '../../publication/private.ts';
import { cellOf, routeTo } from '../../round-trips/ways.ts';
import { MemoryStore } from '../../store/memory.ts';
import { ArrivalChecker } from '../checkers/arrival.ts';
import type { Checker } from '../checkers/checker.ts';
import { CongestionChecker } from '../checkers/congestion.ts';
import { EnvelopingChecker } from '../checkers/enveloping.ts';
import { FloodChecker } from '../checkers/flood.ts';
import { KeyholdersChecker } from '../checkers/keyholders.ts';
import { OnceChecker } from '../checkers/once.ts';
import { QueuesChecker } from '../checkers/queues.ts';
import { ReopeningChecker } from '../checkers/reopening.ts';
import { type Said, TruthChecker } from '../checkers/truth.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import { calm } from '../faults.ts';
import { Host } from '../host.ts';
import { IdealKeys } from '../ideal.ts';
import { withIdealX25519 } from '../ideal-x25519.ts';
import type { Plant } from '../plants/plant.ts';
import type { Random } from '../random.ts';
import { type KeyReader, readRaw, textOfBytes } from '../raw-packet.ts';
import type { World } from '../world.ts';
import { beginNode, recordBefore } from './begin-node.ts';
import { circuitBounds } from './bounds.ts';
import { beginUnixMs } from './circuit-end.ts';
import { Device } from './device.ts';
import { usualDevice } from './device-options.ts';
import type { MorSurroundings } from './federation-machine.ts';
import { noDisk, nobody, SECOND } from './federation-run.ts';
import { idealDns } from './ideal-dns.ts';
import { maxima as nodeMaxima } from './maxima.ts';
import { Dishonesty } from './mor-dishonest.ts';
import { accepted, evil, honest, maxima as morMaxima, membersOf, pairs, small } from './mor-town.ts';
import type { Play, Scene } from './scene.ts';
import { keysOf as rowsOf, settled } from './talk.ts';
import { hostOf, keysOf, planPerson } from './town.ts';

/** They have a second context with each other; one of them is in the first as well, the other is not. */
const inner = 'inner';
const bridge = 'd.example';
const beyond = 'f.example';
const domains: readonly string[] = [...accepted, beyond];
const sound: readonly string[] = [...honest, beyond];
const links = [...pairs, [bridge, beyond] as const];

/** Members of a server's contexts, by the names that these have in uniforms. */
function members(host: string, context: string): readonly string[] {
  if (context === 'mor') return host === beyond ? [] : membersOf(host);
  return host === bridge ? [beyond] : host === beyond ? [bridge] : [];
}

/**
 * Over whom a home's people have routes: who is linked to the bridge over all of those; others over the first context, in which the
 * bridge passes nothing on that is for a server it has no link to.
 */
const reached = (home: string): readonly string[] =>
  home === bridge ? [...members(home, 'mor'), ...members(home, `mor-${inner}`)] : accepted;

/** One at each; from beyond the bridge there is no way over three owners. */
const people = sound.map((domain, at) => planPerson(`reader${at}`, domain, ['phone']));

const faultsUs = 30 * SECOND;
/** Onions are handed in from here to there, so many by each: while things fail, and when they do not any more. */
const times = [
  { fromUs: 4 * SECOND, toUs: 26 * SECOND, most: 5 },
  { fromUs: 46 * SECOND, toUs: 56 * SECOND, most: 2 },
] as const;
const graceUs = 5 * SECOND;
/** A minute of calm is looked at whole. */
const leastUs = 105 * SECOND;
const hops = 3;
/** Beside it the dishonest server writes what it likes. */
const unsentBytesMax = 65_536;

/** What everything that is said ends in: where it is handed in, and which it is. */
const NAME = /[a-f]\.example-\d+-\d+$/;
/** By its words: what comes out of a cell has a tag that nobody has given it. */
const byWords: KeyReader = {
  keyOf: (bytes) => NAME.exec(textOfBytes(readRaw(bytes).content).trimEnd())?.[0] ?? null,
  keyAcknowledged: () => null,
};

/** As what comes from nobody is delivered: under a name and number that its reader's home has made for it. */
const headerOf = ({ target }: Said, sequence: number, given: string): string =>
  `_source psyc://${hostOf(target)}/$mor#${given},_target ${target},_tag ${given},_counter ${sequence}`;

const checkers = (): Checker[] => [
  new OnceChecker(),
  new TruthChecker(headerOf),
  new QueuesChecker({ ...morMaxima, ...nodeMaxima, 'unsent bytes': 2 * unsentBytesMax + 65_536, peers: 4 }),
  new ReopeningChecker(sound, true),
  new ArrivalChecker(),
  new KeyholdersChecker(members),
  new FloodChecker(sound, members),
  new EnvelopingChecker(),
  new CongestionChecker(sound, small.linkMsMean),
];

/** What a run has in common. */
interface Run {
  readonly world: World;
  readonly plant: Plant | null;
  readonly keys: IdealKeys;
  /** With an ideal X25519. */
  readonly suite: Suite;
  readonly stations: readonly Station[];
  /** What was handed in in calm and has not come out. */
  readonly awaited: Set<string>;
}

function begin(world: World, plant: Plant | null): Play {
  const random = world.random.stream('keys');
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));
  const keys = new IdealKeys(bytes, world.suiteOf(bytes));
  const suite = withIdealX25519(keys.suite);
  const pairs = new Map(domains.map((domain) => [domain, pairOf(suite, suite.random(32))]));
  const stations = [...pairs].map(
    ([domain, { publicKey }]): Station => ({ domain, group: domain, keys: [{ publicKey, beginsMs: 0 }] }),
  );
  const run: Run = { world, plant, keys, suite, stations, awaited: new Set() };
  const disks = new Map(
    domains.map((name) => {
      const key: EpochKey = { pair: pairs.get(name)!, beginsMs: 0, endsMs: Number.MAX_SAFE_INTEGER };
      return [name, beginServer(run, name, key)];
    }),
  );
  const devices = people.map((plan) => beginPerson(run, plan));
  for (const [a, b] of links) world.network.links.startPartitions(a, b);
  world.clock.at(faultsUs, () => world.calmDown(calm));
  const isContent = (): boolean => devices.every((device) => device.isContent) && run.awaited.size === 0;
  return {
    isOver: settled(world, () => world.clock.nowUs >= leastUs && isContent(), graceUs),
    stored: () => new Map([...disks].map(([name, disk]) => [name, rowsOf(disk, byWords)])),
  };
}

function beginServer({ world, plant, keys, suite, stations }: Run, name: string, key: EpochKey): Disk {
  const random = world.random.stream(name);
  const store = new MemoryStore();
  for (const plan of people) {
    if (plan.server !== name) continue;
    const { fingerprint, key: identity, statement } = keysOf(keys, plan);
    recordBefore(store, plan.uniform, { fingerprint, key: keys.certified(identity, keys.domain(name)), statement });
  }
  const others = domains.filter((other) => other !== name);
  const pins = new Map(others.map((other) => [other, hexOf(keys.domain(other).fingerprint)]));
  const faulty = new FaultyDisk(world.clock, random.stream('disk'), world.faults, () => {}, store);
  const disk = plant?.disk === undefined ? faulty : plant.disk(faulty, world, name);
  const mor: MorSurroundings = {
    open: openCell,
    keys: [key],
    stationOf: (domain) => stations.find((station) => station.domain === domain)!,
  };
  const around = { dns: idealDns(keys, random.stream('dns')), mor };
  const options: Partial<NodeOptions> = {
    pins,
    suite,
    mor: {
      limits: small,
      links: members(name, 'mor'),
      servers: accepted.length,
      contexts: members(name, `mor-${inner}`).map((other) => ({ name: inner, limits: small, members: [other] })),
    },
    circuitLimits: { ...circuitBounds, unsentBytesMax },
  };
  const dishonesty = new Dishonesty(
    name,
    random.stream('dishonesty'),
    () => world.clock.nowUs >= faultsUs,
    suite,
    stations.flatMap((station) => station.keys),
  );
  const manners = name === evil ? dishonesty.around.bind(dishonesty) : undefined;
  beginNode({ world, plant, keys }, { name, random, disk, reader: byWords, around, manners }, () => options);
  return disk;
}

function beginPerson(run: Run, plan: (typeof people)[number]): Device {
  const { world, keys, awaited } = run;
  const [device] = plan.devices;
  const { host: name, server } = device!;
  const machine = new Device(usualDevice(world, keys, device!, keysOf(keys, plan)));
  const onDelivered = (_context: string, _sequence: number, packet: Uint8Array): void => {
    awaited.delete(byWords.keyOf(packet) ?? '');
  };
  const host = new Host(world, name, () => machine, noDisk, { ...nobody, onDelivered }, byWords);
  world.clock.at(0, () => host.start());
  world.network.links.startPartitions(name, server);
  const random = world.random.stream(name);
  for (const [at, { fromUs, toUs, most }] of server === beyond ? [] : times.entries()) {
    for (let number = 1; number <= most; number++) {
      const tag = `${server}-${at}-${number}`;
      world.clock.at(random.between(fromUs, toUs), () => handIn(run, host, device!.channel, tag, random, at === 1));
    }
  }
  return machine;
}

/** Somebody has his home put out an onion over three hops, to somebody at another domain. */
function handIn(run: Run, host: Host, channel: string, tag: string, random: Random, isCalm: boolean): void {
  const { world, suite, stations, awaited } = run;
  const home = hostOf(channel);
  const unixMs = beginUnixMs + world.clock.nowMs;
  const ways = stations.filter(({ domain }) => domain !== home && reached(home).includes(domain));
  const last = random.pick(ways.filter(({ domain }) => domain !== evil));
  const { uniform: target } = people.find(({ server }) => server === last.domain)!;
  // What is sealed inside is for clients to say: here it is words.
  const words = `${'x'.repeat(random.below(300))} ${tag}`;
  const packet = render({ routing: { _target: target }, method: SEALED_METHOD, data: words });
  const cell = cellOf(suite, routeTo(suite, { stations: ways, home, hops }, last, unixMs)!, 'exit', packet, unixMs);
  if (isCalm) awaited.add(tag);
  const content = textBytes(`${SEALED_METHOD}\n${words}\n`);
  world.observe({ kind: 'said', key: tag, author: '', target, tag, counter: 1, content });
  world.observe({ kind: 'handed', host: home, key: tag, onion: onionOf(cell), isCalm });
  const routing = { _source: channel, _target: `psyc://${home}/$mor`, _tag: tag };
  host.tell({ kind: 'said', packet: render({ routing, entity: { _cell: cell }, method: '_request_mor_cell' }) });
}

/** Whole servers, with circuits that prove themselves, people who log in and logs that are stored. */
export const anonymous: Scene = {
  name: 'anonymous',
  what: 'people of five domains write as nobody, through whole servers with listeners, one of them in two contexts; one more drops, delays, spoils and replays; servers crash, links part, disks fail',
  checkers,
  begin,
};
