/** The scene: three domains, persons with one device or two, two places; everything fails now and then, and somebody forges. docs/simulator.md#federation */
import { blake2b } from '@noble/hashes/blake2.js';
import { type Authority, mayCome } from '../../federation/authority.ts';
import type { NodeEvent, NodeOptions } from '../../federation/events.ts';
import { federationLimits } from '../../federation/limits.ts';
import { FederationNode } from '../../federation/node.ts';
import { render } from '../../psyc/render.ts';
import { AcknowledgementChecker } from '../checkers/acknowledgement.ts';
import type { Checker } from '../checkers/checker.ts';
import { CopiesChecker } from '../checkers/copies.ts';
import { DurabilityChecker } from '../checkers/durability.ts';
import { ForgeryChecker } from '../checkers/forgery.ts';
import { LivenessChecker } from '../checkers/liveness.ts';
import { MembersChecker } from '../checkers/members.ts';
import { OnceChecker } from '../checkers/once.ts';
import { OrderChecker } from '../checkers/order.ts';
import { QueuesChecker } from '../checkers/queues.ts';
import { type Said, TruthChecker } from '../checkers/truth.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import { calm } from '../faults.ts';
import { Host } from '../host.ts';
import type { Boot, Machine } from '../machine.ts';
import type { Plant } from '../plants/plant.ts';
import type { Random } from '../random.ts';
import { byTag } from '../raw-packet.ts';
import type { World } from '../world.ts';
import { Device } from './device.ts';
import { Forger, type Forgery } from './forger.ts';
import { drawData } from './people.ts';
import type { Play, Scene } from './scene.ts';
import { keysOf, settled } from './talk.ts';

const SECOND = 1_000_000;
const speakUs = 25 * SECOND;
const faultsUs = 30 * SECOND;
const graceUs = 12 * SECOND;

/** Limits small enough to be met within half a minute. */
const circuitLimits = {
  openingMsMax: 4_000,
  greetingMsMax: 5_000,
  idleMsMax: 6_000,
  keepAliveMs: 2_000,
  unsentBytesMax: 16_384,
};
const deliveryLimits = {
  waitingMax: 8,
  waitingBytesMax: 8_000,
  heldMax: 8,
  heldBytesMax: 8_000,
  authorsMax: 12,
  batchMax: 4,
  batchBytesMax: 4_000,
  windowMax: 6,
  windowBytesMax: 6_000,
  backlogMax: 16,
  retryMsMin: 50,
  retryMsMax: 2_000,
  resendMsMin: 400,
  resendMsMax: 5_000,
};
const nodeLimits = { ...federationLimits, lettersMax: 16, historiesMax: 8, historyRowsMax: 8, historyBytesMax: 4_096 };

/** What the checker of queues goes by, in words of its own. */
const maxima = {
  'circuits of the node': 20,
  // The other two, and the one that forges.
  peers: 3,
  entities: 10,
  questions: 100,
  waiting: 8,
  'waiting bytes': 8_000,
  held: 8,
  'held bytes': 8_000,
  authors: 12,
  window: 6,
  'window bytes': 6_000,
  // The limit, and writes of the last life that may be committed after the start.
  backlog: 16 + 8,
  circuits: 2,
  devices: 2,
  members: 8,
  letters: 32,
  histories: 8,
  subscribers: 2,
  // The limit, and the packet in which a circuit says why it ends.
  'unsent bytes': 16_384 + 150,
  'store requests': 100,
};

const hash = (bytes: Uint8Array): Uint8Array => blake2b(bytes, { dkLen: 32 });
const servers = ['a.example', 'b.example', 'c.example'] as const;
const places = ['psyc://a.example/@hall', 'psyc://b.example/@bar'];
/** Nick, domain, devices. */
const persons: readonly (readonly [nick: string, server: string, devices: readonly string[]])[] = [
  ['ada', 'a.example', ['phone', 'desk']],
  ['bob', 'a.example', ['phone']],
  ['cyd', 'b.example', ['phone', 'desk']],
  ['dan', 'b.example', ['phone']],
  ['eve', 'c.example', ['phone', 'desk']],
  ['fay', 'c.example', ['phone']],
];
const hostOf = (uniform: string): string => /^psyc:\/\/([^/]+)/.exec(uniform)?.[1] ?? '';
/** The host of a device, by its uniform. */
const deviceHostOf = (uniform: string): string =>
  uniform.replace(/^psyc:\/\/([^/]+)\/~([^#]+)#(.+)$/, (_whole, server, nick, device) => `${nick}.${device}.${server}`);

/** The routing header of what was said, as a device gets it: by the place that it was said in, or by its author. */
function headerOf({ author, target, tag }: Said, sequence: number): string {
  const from = places.includes(target)
    ? `_context ${target},_source_relay ${author.split('#', 1)[0]!}`
    : `_source ${author},_target ${target}`;
  return `${from},_tag ${tag},_counter ${sequence}`;
}

/** Method and data, each with its line feed; from what was meant, not from what was rendered. */
const contentOf = (method: string, data: Uint8Array): Uint8Array =>
  Uint8Array.from([...new TextEncoder().encode(`${method}\n`), ...data, ...(data.length === 0 ? [] : [0x0a])]);

/** What a server knows of whoever connects: the network's word stands for the proof of keys. */
function authorityOf(server: string, peer: string): Authority | null {
  if (peer === 'evil.example' || (servers as readonly string[]).includes(peer)) return { kind: 'server', domain: peer };
  const [nick = '', device = '', ...domain] = peer.split('.');
  if (domain.join('.') !== server) return null;
  return { kind: 'client', person: `psyc://${server}/~${nick}`, device };
}

/** The node, as the simulator's hosts run machines. */
class FederationMachine implements Machine {
  readonly #node: FederationNode;

  constructor(options: NodeOptions) {
    this.#node = new FederationNode(options);
  }

  step(event: Parameters<Machine['step']>[0], nowMs: number): ReturnType<Machine['step']> {
    if (event.kind === 'datagram' || event.kind === 'said' || event.kind === 'attached') return [];
    return this.#node.step(event satisfies NodeEvent, nowMs);
  }

  queues(): (readonly [string, number])[] {
    return this.#node.queues();
  }
}

/** Clients keep nothing on a disk: they do not crash. */
const noDisk: Disk = { request: () => {}, crash: () => {}, audit: () => new Map(), unanswered: 0 };
const nobody = { onStarted: () => {}, onReply: () => {}, onDelivered: () => {} };

function beginServer(world: World, plant: Plant | null, name: string): Disk {
  const random = world.random.stream(name);
  let disk: Disk = new FaultyDisk(world.clock, random.stream('disk'), world.faults, (append) => {
    world.observe({ kind: 'durable', host: name, context: append.context, key: byTag.keyOf(append.packet) ?? '' });
  });
  if (plant?.disk !== undefined) disk = plant.disk(disk, world, name);
  let boot: Boot = (life) => {
    const options: NodeOptions = {
      domain: name,
      life,
      isPerson: (nick) => persons.some(([known, server]) => known === nick && server === name),
      authorityOf: (peer) => authorityOf(name, peer),
      mayCome,
      hash,
      circuitLimits,
      deliveryLimits,
      federationLimits: nodeLimits,
    };
    return new FederationMachine(plant?.federation?.(options) ?? options);
  };
  if (plant?.boot !== undefined) boot = plant.boot(boot);
  const host = new Host(world, name, boot, disk, nobody, byTag);
  world.clock.after(random.below(SECOND), () => host.start());
  host.startCrashing();
  return disk;
}

/** One device, and what its person does with it. */
function beginDevice(world: World, nick: string, server: string, device: string, intervalUsMean: number): Device {
  const name = `${nick}.${device}.${server}`;
  const person = `psyc://${server}/~${nick}`;
  const source = `${person}#${device}`;
  const random = world.random.stream(name);
  const observe = world.observe.bind(world);
  const machine = new Device({ host: name, server, person, device, circuitLimits, observe });
  const host = new Host(world, name, () => machine, noDisk, nobody, byTag);
  const counters = new Map<string, number>();
  const say = (target: string, method: string, data: Uint8Array | null): void => {
    const counter = (counters.get(target) ?? 0) + 1;
    counters.set(target, counter);
    const tag = `t${random.word().toString(36)}-${name}-${counter}`;
    const routing = { _source: source, _target: target, _tag: tag, _counter: String(counter) };
    if (data !== null) {
      const content = contentOf(method, data);
      observe({ kind: 'said', key: tag, author: source, target, tag, counter, content });
    }
    host.tell({ kind: 'said', packet: render({ routing, method, data }) });
  };
  observe({ kind: 'entered', host: name, context: person, sequence: 0 });
  world.clock.at(0, () => host.start());
  for (const place of places) {
    world.clock.at(SECOND + random.below(2 * SECOND), () => say(place, '_request_context_enter', null));
  }
  planSpeech(world, random, intervalUsMean, person, say);
  // Somebody with one device leaves, speaks where he should not, and comes back.
  if (nick === 'dan' || nick === 'fay') {
    const place = random.pick(places);
    world.clock.at(10 * SECOND + random.below(4 * SECOND), () => say(place, '_request_context_leave', null));
    world.clock.at(18 * SECOND + random.below(4 * SECOND), () => say(place, '_request_context_enter', null));
  }
  world.network.links.startPartitions(name, server);
  return machine;
}

function planSpeech(
  world: World,
  random: Random,
  intervalUsMean: number,
  person: string,
  say: (target: string, method: string, data: Uint8Array) => void,
): void {
  const others = persons.map(([nick, server]) => `psyc://${server}/~${nick}`).filter((other) => other !== person);
  for (let atUs = 0; atUs < speakUs; atUs += random.exponential(intervalUsMean)) {
    const times = random.chance(0.1) ? random.between(3, 8) : 1;
    const target = random.chance(0.7) ? random.pick(places) : random.pick(others);
    const method = places.includes(target) ? '_message_public' : '_message_private';
    world.clock.at(2 * SECOND + atUs, () => {
      for (let i = 0; i < times; i++) say(target, method, drawData(random));
    });
  }
}

/** A client that speaks for others, and a server that does. */
function beginForgers(world: World): void {
  const [hall = '', bar = ''] = places;
  const ada = 'psyc://a.example/~ada';
  const numbered = { _counter: '1' };
  const ofClient: Forgery[] = [
    { _source: `${ada}#tablet`, _target: 'psyc://a.example/~bob', ...numbered },
    { _source: ada, _target: 'psyc://b.example/~cyd', ...numbered },
    { _context: hall, _source_relay: ada, _counter: '1' },
    { _source: 'psyc://a.example/~mallory#desk', _source_relay: ada, _target: 'psyc://a.example/~bob', ...numbered },
  ];
  const ofServer: Forgery[] = [
    { _source: `${ada}#tablet`, _target: 'psyc://b.example/~dan', ...numbered },
    { _context: hall, _source_relay: ada, _counter: '1000000' },
    { _source: `${ada}#phone`, _target: bar, _counter: '1000000' },
  ];
  const observe = world.observe.bind(world);
  for (const [name, server, forgeries] of [
    ['mallory.desk.a.example', 'a.example', ofClient],
    ['evil.example', 'b.example', ofServer],
  ] as const) {
    const forger = new Forger(name, server, forgeries, circuitLimits, observe);
    const host = new Host(world, name, () => forger, noDisk, nobody, byTag);
    world.clock.after(SECOND, () => host.start());
  }
}

function begin(world: World, plant: Plant | null): Play {
  const disks = new Map(servers.map((name) => [name as string, beginServer(world, plant, name)]));
  const intervalUsMean = world.random.stream('talk').pick([3 * SECOND, 6 * SECOND, 12 * SECOND]);
  const devices = persons.flatMap(([nick, server, names]) =>
    names.map((device) => beginDevice(world, nick, server, device, intervalUsMean)),
  );
  beginForgers(world);
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
    stored: () => new Map([...disks].map(([name, disk]) => [name, keysOf(disk, byTag)])),
  };
}

const checkers = (): Checker[] => [
  new OrderChecker(true),
  new OnceChecker(),
  new TruthChecker(headerOf),
  new AcknowledgementChecker(deviceHostOf),
  new DurabilityChecker(hostOf),
  new LivenessChecker(false),
  new QueuesChecker(maxima),
  new MembersChecker(hostOf),
  new CopiesChecker(servers),
  new ForgeryChecker(),
];

/** Servers as they are meant to be run. */
export const federation: Scene = {
  name: 'federation',
  what: 'three domains, two places, persons with several devices, forgers; servers crash, links part, disks fail',
  checkers,
  begin,
};
