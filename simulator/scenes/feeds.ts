/** The scene: two people who publish through whichever of four servers takes them in, and readers at all four; everything fails now and then. docs/simulator.md#feeds */
import { channelOf } from '../../circuit/channel.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { render } from '../../psyc/render.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { feedOf } from '../../publication/feed.ts';
import { publicationId } from '../../publication/fields.ts';
import { renderPublication } from '../../publication/packet.ts';
import { lineIn, referenceDraft } from '../../publication/reference.ts';
import { MemoryStore } from '../../store/memory.ts';
import { attachmentOf, attachmentVariables, OCTETS } from '../../publication/attachment.ts';
import { DeletedChecker, filesIn, saysDeleted, WITH_FILE, wordsIn } from '../checkers/deleted.ts';
import { ChainsChecker } from '../checkers/chains.ts';
import type { Checker } from '../checkers/checker.ts';
import { DurabilityChecker } from '../checkers/durability.ts';
import { LivenessChecker } from '../checkers/liveness.ts';
import { OnceChecker } from '../checkers/once.ts';
import { QueuesChecker } from '../checkers/queues.ts';
import { SetsChecker } from '../checkers/sets.ts';
import { type Disk, FaultyDisk } from '../disk.ts';
import { calm } from '../faults.ts';
import { Host } from '../host.ts';
import { IdealKeys } from '../ideal.ts';
import type { Plant } from '../plants/plant.ts';
import type { Random } from '../random.ts';
import { type KeyReader, readRaw, textOfBytes } from '../raw-packet.ts';
import type { World } from '../world.ts';
import { Author } from './author.ts';
import { beginNode, recordBefore } from './begin-node.ts';
import { circuitBounds, nodeBounds } from './bounds.ts';
import { beginUnixMs } from './circuit-end.ts';
import { Device } from './device.ts';
import { usualDevice } from './device-options.ts';
import { noDisk, nobody, SECOND, speakUs } from './federation-run.ts';
import { FeedWriter } from './feed-writer.ts';
import { idealDns } from './ideal-dns.ts';
import { maxima } from './maxima.ts';
import type { Play, Scene } from './scene.ts';
import { keysOf as rowsOf, settled } from './talk.ts';
import type { DevicePlan } from './town.ts';

const domains = ['a.example', 'b.example', 'c.example', 'd.example'] as const;
const faultsUs = 30 * SECOND;
const graceUs = 8 * SECOND;

/** Who publishes, on which devices; the twin is a device once more, as from a backup: both have the same numbers. */
const writers = [
  { nick: 'ada', home: 'a.example', devices: ['phone', 'desk', 'desk twin'] },
  { nick: 'bob', home: 'b.example', devices: ['phone'] },
] as const;
/** Who reads, one at each server. */
const readers = domains.map((home, at) => ({ nick: `reader${at}`, home }));

const feeds = writers.map(({ nick, home }) => feedOf(`psyc://${home}/~${nick}`));

/** What stands in everything that is published: device, number, and what else it says. */
const NAME = /[a-z]+\.[a-z.]+#\d+$/;
/** The same in what deletes something, which has no words. */
const NAME_OF_DELETION = /\n:_nick(?: \d+)?\t(\S+#\d+)\n[^]*\n_message_public_deletion\n$/;
const DELETED = /^:_publication(?: \d+)?\t([0-9a-f]{64})\n_notice_publication_deleted\n/;

/** By its words, since it has no tag where it lies; what acknowledges it has one. `names`: keys by id, of what may be deleted. */
const byWords = (names: ReadonlyMap<string, string>): KeyReader => ({
  keyOf: (bytes) => {
    const text = textOfBytes(readRaw(bytes).content);
    const deleted = DELETED.exec(text)?.[1];
    if (deleted !== undefined) return names.get(deleted) ?? null;
    return NAME_OF_DELETION.exec(text)?.[1] ?? NAME.exec(text.trimEnd())?.[0] ?? null;
  },
  keyAcknowledged: (bytes) => {
    const { routing, content } = readRaw(bytes);
    const isEcho = /\n_echo_message_public(?:_deletion)?\n/.test(textOfBytes(content));
    return isEcho ? (routing.get('_tag_relay') ?? null) : null;
  },
});

/** Keys of rows that have words. */
function wordsOf(disk: Disk, feed: string): string[] {
  const texts = (disk.audit().get(feed) ?? []).map((packet) => textOfBytes(readRaw(packet).content).trimEnd());
  return texts.flatMap((text) => (DELETED.test(text) ? [] : (NAME.exec(text)?.[0] ?? [])));
}

/** Keys of publications whose file is there. */
function filesOf(disk: Disk, feed: string, names: ReadonlyMap<string, string>): string[] {
  const contexts = [...disk.audit()].flatMap(([context, rows]) => (rows.length > 0 ? [context] : []));
  return contexts.flatMap((context) => {
    const id = context.endsWith(` of ${feed}`) ? /^attachment ([0-9a-f]{64}) /.exec(context)?.[1] : undefined;
    return id === undefined ? [] : (names.get(id) ?? []);
  });
}

/** The server where somebody reads. */
const serverOf = (host: string): string => host.slice(host.indexOf('.') + 1);

const checkers = (): Checker[] => [
  new OnceChecker(),
  new DurabilityChecker(null, (host) => (domains as readonly string[]).includes(host)),
  new LivenessChecker(false),
  new QueuesChecker({ ...maxima, 'circuits of the node': 30, peers: 4, subscribers: 4, devices: 5, entities: 16 }),
  new SetsChecker(new Map(feeds.map((feed) => [feed, domains]))),
  new ChainsChecker(serverOf),
  new DeletedChecker(feeds),
];

/** What a run has in common. */
interface Run {
  readonly world: World;
  readonly plant: Plant | null;
  readonly keys: IdealKeys;
  /** Keys of what was published, by id. */
  readonly names: Map<string, string>;
  readonly reader: KeyReader;
  /** Files of what was published, by its id. */
  readonly files: Map<string, Uint8Array>;
}

function begin(world: World, plant: Plant | null): Play {
  const random = world.random.stream('keys');
  const bytes = (length: number): Uint8Array => Uint8Array.from({ length }, () => random.below(256));
  const keys = new IdealKeys(bytes, world.suiteOf(bytes));
  const names = new Map<string, string>();
  const run = { world, plant, keys, names, reader: byWords(names), files: new Map() };
  const disks = new Map(domains.map((name) => [name as string, beginServer(run, name)]));
  const authors = writers.flatMap((plan) => beginWriter(run, plan));
  const devices = readers.map((plan) => beginReader(run, plan));
  const { links } = world.network;
  for (const [at, one] of domains.entries()) {
    for (const other of domains.slice(at + 1)) {
      links.startPartitions(one, other);
      if (world.random.stream(`schedule ${one} ${other}`).chance(0.4)) {
        world.clock.at(10 * SECOND, () => links.partition(one, other, false, 8 * SECOND));
      }
    }
  }
  world.clock.at(faultsUs, () => world.calmDown(calm));
  const amounts = (feed: string): number[] => [...disks.values()].map((disk) => disk.audit().get(feed)?.length ?? 0);
  const files = (feed: string): string[] =>
    [...disks.values()].map((disk) => filesOf(disk, feed, names).sort().join(' '));
  const isWhole = (): boolean =>
    feeds.every((feed) => new Set(amounts(feed)).size === 1 && new Set(files(feed)).size === 1);
  const isContent = (): boolean => [...authors, ...devices].every((machine) => machine.isContent);
  return {
    isOver: settled(world, () => isContent() && isWhole(), graceUs),
    stored: () => {
      const there = (disk: Disk): Map<string, string[]> => {
        const words = feeds.map((feed) => [wordsIn(feed), wordsOf(disk, feed)] as const);
        const filed = feeds.map((feed) => [filesIn(feed), filesOf(disk, feed, names)] as const);
        return new Map([...rowsOf(disk, run.reader), ...words, ...filed]);
      };
      return new Map([...disks].map(([name, disk]) => [name, there(disk)]));
    },
  };
}

/** A gap that time would hide: nothing is given up as long as something fails. */
const federationLimits = {
  ...nodeBounds,
  feedHoldMs: 120_000,
  visitorPublicationsMax: 1_000,
  visitorChunksMax: 1_000,
  feedPullMs: 3_000,
  feedGivenMax: 4,
  feedWantedMax: 16,
};

function beginServer(run: Run, name: string): Disk {
  const { world, plant, keys } = run;
  const random = world.random.stream(name);
  const store = new MemoryStore();
  const here = [...writers, ...readers].filter(({ home }) => home === name);
  for (const { nick } of here) {
    const context = `psyc://${name}/~${nick}`;
    const { fingerprint, key, statement } = keys.person(context, seedsOf(keys, nick, name));
    const values = { fingerprint, key: keys.certified(key, keys.domain(name)), statement };
    recordBefore(store, context, values);
  }
  const pins = new Map(
    domains.filter((other) => other !== name).map((other) => [other as string, hexOf(keys.domain(other).fingerprint)]),
  );
  const faulty = new FaultyDisk(world.clock, random.stream('disk'), world.faults, () => {}, store);
  const disk = plant?.disk === undefined ? faulty : plant.disk(faulty, world, name);
  const dns = idealDns(keys, random.stream('dns'));
  beginNode(run, { name, random, disk, reader: run.reader, around: { dns } }, () => ({ pins, federationLimits }));
  return disk;
}

/** A twin is no device of its own. */
const deviceOf = (name: string): string => name.split(' ')[0]!;

function seedsOf(keys: IdealKeys, nick: string, home: string): Uint8Array[] {
  const names: readonly string[] = writers.find((plan) => plan.nick === nick)?.devices ?? ['phone'];
  return [...new Set(names.map(deviceOf))].map((name) => keys.device(`${nick} ${name} ${home}`));
}

function beginWriter(
  { world, keys, names, reader, files }: Run,
  { nick, home, devices }: (typeof writers)[number],
): FeedWriter[] {
  const person = `psyc://${home}/~${nick}`;
  const identity = keys.person(person, seedsOf(keys, nick, home));
  const address = feedOf(person);
  return devices.map((name) => {
    const label = `${nick}.${name.replace(' ', '.')}`;
    const seed = keys.device(`${nick} ${deviceOf(name)} ${home}`);
    const random: Random = world.random.stream(label);
    const others = domains.filter((domain) => domain !== home);
    const first = random.below(others.length);
    // What is restored from a backup is somewhere else than the device itself.
    const servers = [home, ...others.slice(first), ...others.slice(0, first)];
    const machine = new FeedWriter({
      keys,
      person,
      identity,
      seed,
      servers,
      circuitLimits: circuitBounds,
      fileOf: (id) => files.get(id) ?? null,
      observe: world.observe.bind(world),
    });
    const host = new Host(world, label, () => machine, noDisk, nobody, reader);
    world.clock.at(0, () => host.start());
    for (const server of servers) world.network.links.startPartitions(label, server);
    const author = new Author({ suite: keys.suite, fingerprint: identity.fingerprint, device: keys.idOf(seed), seed });
    let counter = 0;
    const isTwin = name.endsWith('twin');
    /** What may be deleted. */
    const standing: { readonly key: string; readonly id: Uint8Array; readonly line: Uint8Array }[] = [];
    const publish = (): void => {
      const key = `${label}#${++counter}`;
      const timeMs = beginUnixMs + world.clock.nowMs;
      const isDeletion = !isTwin && standing.length > 0 && random.chance(0.2);
      const [gone] = isDeletion ? standing.splice(random.below(standing.length), 1) : [];
      const file = !isDeletion && random.chance(0.2) ? new Uint8Array(1 + random.below(2_000)).fill(counter) : null;
      const words = `${file === null ? '' : WITH_FILE}${'x'.repeat(random.below(200))} ${key}`;
      const attached = file === null ? {} : attachmentVariables(attachmentOf(keys.suite, file, 'x', OCTETS));
      const deletes = gone === undefined ? null : referenceDraft({ kind: 'deletion', ...gone }, '');
      const draft =
        deletes === null
          ? { method: '_message_public', entity: attached, data: words }
          : { ...deletes, entity: { _nick: key, ...deletes.entity } };
      const said = author.sign(address, draft, timeMs);
      const routing = { _source: person, _target: address, _tag: key, _counter: String(counter) };
      const packet = renderPublication(said, routing);
      const id = publicationId(keys.suite, said);
      names.set(hexOf(id), key);
      if (file !== null) files.set(hexOf(id), file);
      if (gone === undefined) standing.push({ key, id, line: lineIn(parseOne(packet))! });
      const content = new TextEncoder().encode(gone === undefined ? words : saysDeleted(gone.key));
      world.observe({ kind: 'said', key, author: label, target: address, tag: key, counter, content });
      host.tell({ kind: 'said', packet });
    };
    // A twin says a few things, each with a number that the device has used for something else.
    const times = isTwin ? 2 : 100;
    let atUs = 2 * SECOND;
    for (let time = 0; time < times && atUs < speakUs; time++) {
      world.clock.at(atUs, publish);
      atUs += random.exponential(2 * SECOND);
    }
    return machine;
  });
}

function beginReader({ world, keys, reader }: Run, { nick, home }: (typeof readers)[number]): Device {
  const person = `psyc://${home}/~${nick}`;
  const seed = keys.device(`${nick} phone ${home}`);
  const id = keys.idOf(seed);
  const channel = channelOf(person, id);
  const host = `${nick}.${home}`;
  const plan: DevicePlan = { host, nick, server: home, person, seed, id, channel, isMain: true };
  const machine = new Device(usualDevice(world, keys, plan, keys.person(person, [seed])));
  const device = new Host(world, host, () => machine, noDisk, nobody, reader);
  world.clock.at(0, () => device.start());
  world.network.links.startPartitions(host, home);
  const random = world.random.stream(host);
  for (const [at, feed] of feeds.entries()) {
    // One follows from the beginning, others in the middle of it.
    world.clock.at(SECOND + random.below(12 * SECOND), () => {
      const routing = { _source: channel, _target: feed, _tag: `f${at}`, _counter: '1' };
      device.tell({ kind: 'said', packet: render({ routing, method: '_request_context_enter' }) });
    });
  }
  return machine;
}

/** Publications as they are meant to spread. */
export const feedsScene: Scene = {
  name: 'feeds',
  what: 'four servers, two people who publish through any of them, readers at all; a device with a twin; some of it has files, some is deleted; servers crash, links part, disks fail',
  checkers,
  begin,
};
