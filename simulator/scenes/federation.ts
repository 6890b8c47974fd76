/** The scene: three domains, persons with one device or two, two places; everything fails now and then, and somebody forges. docs/simulator.md#federation */
import { hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import type { NodeOptions } from '../../federation/events.ts';
import { federationLimits } from '../../federation/limits.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { decodeRange } from '../../psyc/bytes.ts';
import { render } from '../../psyc/render.ts';
import { renderLine } from '../../publication/fields.ts';
import { renderPublication, signedContent } from '../../publication/packet.ts';
import { SEALED_METHOD } from '../../publication/private.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { Append, Operation } from '../../store/store.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import { calm } from '../faults.ts';
import { Host } from '../host.ts';
import { IdealKeys, type IdealPerson } from '../ideal.ts';
import type { Boot } from '../machine.ts';
import type { Plant } from '../plants/plant.ts';
import type { Random } from '../random.ts';
import { byTag } from '../raw-packet.ts';
import type { World } from '../world.ts';
import { Author } from './author.ts';
import { beginUnixMs } from './circuit-end.ts';
import { Device } from './device.ts';
import { FederationMachine } from './federation-machine.ts';
import { forgersOf, type Overheard } from './forgeries.ts';
import { checkers } from './federation-checkers.ts';
import { planFriends } from './friends.ts';
import { drawData } from './people.ts';
import { idealDns } from './ideal-dns.ts';
import type { Play, Scene } from './scene.ts';
import { keysOf as rowsOf, settled } from './talk.ts';
import {
  type DevicePlan,
  hal,
  hostOf,
  invite,
  keysOf,
  mallory,
  owners,
  type PersonPlan,
  persons,
  places,
  servers,
} from './town.ts';

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
  windowSilentMax: 2,
  backlogMax: 16,
  resentMax: 16,
  retryMsMin: 50,
  retryMsMax: 2_000,
  resendMsMin: 400,
  resendMsMax: 5_000,
  giveUpMsMax: 259_200_000,
};
const nodeLimits = {
  ...federationLimits,
  lettersMax: 16,
  requestsMax: 24,
  historiesMax: 8,
  historyRowsMax: 8,
  historyBytesMax: 4_096,
  loginsMax: 4,
  pkiAskedMax: 12,
  pkiStrangersMax: 8,
  errandsMax: 4,
  authorsKnownMax: 6,
  authorsAskedMax: 4,
  uncheckedMax: 12,
  presenceMsMin: 200,
  presenceGraceMs: 1_000,
  presenceWaitMs: 300,
  // Longer than faults last: what is honest is never taken for what nobody has a key for.
  keysMsMax: 40_000,
};

const isPlace = (uniform: string): boolean => (places as readonly string[]).includes(uniform);

/** Clients keep nothing on a disk: they do not crash. */
const noDisk: Disk = { request: () => {}, crash: () => {}, audit: () => new Map(), unanswered: 0 };
const nobody = { onStarted: () => {}, onReply: () => {}, onDelivered: () => {} };

/** Method and data, each with its line feed; from what was meant, not from what was rendered. */
const contentOf = (line: Uint8Array, method: string, data: Uint8Array): Uint8Array =>
  joinBytes(line, textBytes(`${method}\n`), data, textBytes(data.length === 0 ? '' : '\n'));

/** What everybody in one run has in common. */
interface Town {
  readonly world: World;
  readonly plant: Plant | null;
  readonly keys: IdealKeys;
  /** Everything that was said and signed. */
  readonly heard: Overheard[];
  /** Those who are registered, by uniform. */
  readonly registered: Set<string>;
}

/** The disk of a server, with those who were registered before. */
function diskOf({ world, plant, keys }: Town, name: string, random: Random): Disk {
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
  const durable = ({ context, packet }: Append): void =>
    world.observe({ kind: 'durable', host: name, context, key: byTag.keyOf(packet) ?? '' });
  const disk = new FaultyDisk(world.clock, random.stream('disk'), world.faults, durable, store);
  return plant?.disk === undefined ? disk : plant.disk(disk, world, name);
}

function beginServer(town: Town, name: string): Disk {
  const { world, plant, keys } = town;
  const random = world.random.stream(name);
  const disk = diskOf(town, name, random);
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
      plain: new Set(),
      placed: new Set(),
      trustLimits,
      circuitLimits,
      deliveryLimits,
      federationLimits: nodeLimits,
    };
    return new FederationMachine(plant?.federation?.(options) ?? options, keys, dns);
  };
  if (plant?.boot !== undefined) boot = plant.boot(boot);
  const host = new Host(world, name, boot, disk, nobody, byTag);
  world.clock.after(random.below(SECOND), () => host.start());
  host.startCrashing();
  return disk;
}

/** One device, and what its person does with it on one channel. */
function beginDevice(
  town: Town,
  plan: DevicePlan,
  identity: IdealPerson,
  author: Author,
  intervalUsMean: number,
): Device {
  const { world, keys, heard, registered } = town;
  const { host: name, person, server, channel, nick, isMain } = plan;
  const random = world.random.stream(name);
  const observe = world.observe.bind(world);
  const joined = (): void => void registered.add(person);
  const echoes = new Map<string, () => void>();
  const isNew = persons.some((known) => known.uniform === person && known.isNew);
  const machine = new Device({
    plan,
    keys,
    identity,
    invite: isNew ? invite : null,
    circuitLimits,
    observe,
    registered: joined,
    echoed: (tag) => {
      echoes.get(tag)?.();
      echoes.delete(tag);
    },
  });
  if (!isNew) joined();
  const host = new Host(world, name, () => machine, noDisk, nobody, byTag);
  const counters = new Map<string, number>();
  let isClosing = false;
  const say = (
    target: string,
    method: string,
    data: Uint8Array | null,
    whom: string | null = null,
    echoed = (): void => {},
  ): void => {
    if (isClosing) return;
    if (!isPlace(target) && !registered.has(target)) return;
    const counter = (counters.get(target) ?? 0) + 1;
    counters.set(target, counter);
    const tag = `t${random.word().toString(36)}-${name}-${counter}`;
    echoes.set(tag, echoed);
    const routing = { _source: channel, _target: target, _tag: tag, _counter: String(counter) };
    if (data === null) observe({ kind: 'asked', key: tag, author: person, target, method, whom });
    if (whom !== null) {
      const act = { entity: { _uniform_member: whom }, method };
      host.tell({
        kind: 'said',
        packet: renderPublication(author.sign(target, act, beginUnixMs + world.clock.nowMs), routing),
      });
      return;
    }
    if (data === null) {
      host.tell({ kind: 'said', packet: render({ routing, method }) });
      return;
    }
    const said = author.sign(target, { method, data }, beginUnixMs + world.clock.nowMs);
    const content = contentOf(renderLine(said), method, data);
    observe({ kind: 'said', key: tag, author: channel, target, tag, counter, content });
    heard.push({ source: channel, address: target, counter, content: signedContent(said) });
    host.tell({ kind: 'said', packet: renderPublication(said, routing) });
  };
  if (isMain) observe({ kind: 'entered', host: name, context: person, sequence: 0 });
  world.clock.at(0, () => host.start());
  if (isMain) {
    for (const place of places) {
      world.clock.at(SECOND + random.below(2 * SECOND), () => say(place, '_request_context_enter', null));
    }
  }
  planSpeech(world, random, intervalUsMean, plan, say);
  // Somebody with one device leaves, speaks where he should not, and comes back.
  if (nick === 'dan' || nick === 'fay') {
    const place = random.pick(places);
    world.clock.at(10 * SECOND + random.below(4 * SECOND), () => say(place, '_request_context_leave', null));
    world.clock.at(18 * SECOND + random.below(4 * SECOND), () => say(place, '_request_context_enter', null));
  }
  planActs(world, random, plan, say);
  if (nick === 'hal') {
    const routing = { _source: channel, _target: person, _tag: 'close' };
    const entity = { _key: keys.retired(identity.key) };
    const packet = render({ routing, entity, method: '_request_close' });
    world.clock.at(12 * SECOND + random.below(8 * SECOND), () => {
      isClosing = true;
      host.tell({ kind: 'said', packet });
    });
  }
  if (isMain && !isNew && nick !== 'hal') {
    planFriends({
      world,
      random,
      plan,
      author,
      observe,
      uniformOf: (other) => persons.find((known) => known.nick === other)!.uniform,
      say: (target, method, echoed) => say(target, method, new Uint8Array(0), null, echoed),
      ask(tag, packet, echoed) {
        echoes.set(tag, echoed);
        host.tell({ kind: 'said', packet });
      },
    });
  }
  world.network.links.startPartitions(name, server);
  return machine;
}

/** A side channel speaks to persons only: nobody enters a place by it. */
function planSpeech(
  world: World,
  random: Random,
  intervalUsMean: number,
  { person, isMain }: DevicePlan,
  say: (target: string, method: string, data: Uint8Array) => void,
): void {
  const others = persons.map(({ uniform }) => uniform).filter((other) => other !== person);
  for (let atUs = 0; atUs < speakUs; atUs += random.exponential(intervalUsMean)) {
    const times = random.chance(0.1) ? random.between(3, 8) : 1;
    const target = isMain && (person === hal.uniform || random.chance(0.7)) ? random.pick(places) : random.pick(others);
    // What is sealed inside is for clients to say: here it is bytes.
    const method = isPlace(target) ? '_message_public' : SEALED_METHOD;
    world.clock.at(2 * SECOND + atUs, () => {
      for (let i = 0; i < times; i++) say(target, method, drawData(random));
    });
  }
}

/** Whoever owns a place puts others out, who come back or do not. */
function planActs(
  world: World,
  random: Random,
  { host, person }: DevicePlan,
  say: (target: string, method: string, data: Uint8Array | null, whom: string | null) => void,
): void {
  const place = places.find((one) => owners.get(one) === person);
  if (place === undefined || !host.includes('.phone.')) return;
  const others = ['bob', 'eve', 'gus'].map((nick) => persons.find((one) => one.nick === nick)!.uniform);
  const act = (atUs: number, kind: string, whom: string): void =>
    world.clock.at(atUs, () => say(place, `_request_context_${kind}`, null, whom));
  const [kicked, banned] = [random.pick(others), random.pick(others)];
  act(8 * SECOND + random.below(4 * SECOND), 'kick', kicked);
  act(14 * SECOND + random.below(2 * SECOND), 'ban', random.chance(0.5) ? banned : 'psyc://c.example');
}

/** Everything that one person does. */
function beginPerson(town: Town, plan: PersonPlan, intervalUsMean: number): Device[] {
  const { suite } = town.keys;
  const identity = keysOf(town.keys, plan);
  const { fingerprint } = identity;
  const authors = new Map<string, Author>();
  return plan.devices.map((device) => {
    const { id, seed } = device;
    // One chain for each device, whatever channel it speaks on.
    const author = authors.get(hexOf(id)) ?? new Author({ suite, fingerprint, device: id, seed });
    authors.set(hexOf(id), author);
    return beginDevice(town, device, identity, author, intervalUsMean);
  });
}

function begin(world: World, plant: Plant | null): Play {
  const random = world.random.stream('keys');
  const keys = new IdealKeys((length) => Uint8Array.from({ length }, () => random.below(256)));
  keys.close('c.example', [invite]);
  const town: Town = { world, plant, keys, heard: [], registered: new Set() };
  const disks = new Map(servers.map((name) => [name as string, beginServer(town, name)]));
  const intervalUsMean = world.random.stream('talk').pick([3 * SECOND, 6 * SECOND, 12 * SECOND]);
  const devices = [...persons, hal].flatMap((plan) => beginPerson(town, plan, intervalUsMean));
  for (const forger of forgersOf(keys, town.heard, circuitLimits, world.observe.bind(world))) {
    const host = new Host(world, forger.host, () => forger, noDisk, nobody, byTag);
    world.clock.after(SECOND, () => host.start());
  }
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
    stored: () => new Map([...disks].map(([name, disk]) => [name, rowsOf(disk, byTag)])),
  };
}

/** Servers as they are meant to be run. */
export const federation: Scene = {
  name: 'federation',
  what: 'three domains, two places, persons with several devices, forgers; servers crash, links part, disks fail',
  checkers,
  begin,
};
