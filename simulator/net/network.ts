/** N listeners and what is between them: links with delay and loss, partitions, dishonest servers. docs/simulator.md#network-of-listeners */
import type { Suite } from '../../crypto/suite.ts';
import type { EpochKey, ListenerEvent } from '../../listener-bots/events.ts';
import type { Frame } from '../../listener-bots/frame.ts';
import { renderFrame } from '../../listener-bots/frame.ts';
import { pairOf } from '../../onion/keys.ts';
import type { Station } from '../../onion/route.ts';
import { Random } from '../random.ts';
import { Dishonest } from './dishonest.ts';
import { drawLinks } from './graphs.ts';
import { idleFrame } from './names.ts';
import { NetServer, type Surroundings } from './server.ts';
import type { NetSetting } from './setting.ts';
import { SharedHints } from './shared-hints.ts';
import { Wheel } from './wheel.ts';

/** Who looks at the network: told of what crosses links, and of what happens in servers. */
export interface Watcher {
  /** A frame leaves a server for another. */
  sent?(from: number, to: number, frame: Frame, atMs: number): void;
  /** And is there. */
  came?(from: number, to: number, frame: Frame, atMs: number): void;
  opened?: (...told: readonly [...Parameters<Surroundings['opened']>, number]) => void;
  exit?(server: number, tag: string, atMs: number): void;
}

/** One way of a link. */
interface Link {
  readonly from: number;
  readonly to: number;
  readonly delayMs: number;
  /** When the last frame arrives: they do not overtake each other. */
  lastMs: number;
  isCut: boolean;
}

type Planned =
  | { readonly what: 'wake'; readonly server: number }
  | { readonly what: 'frame'; readonly link: Link; readonly frame: Frame }
  | { readonly what: 'do'; readonly act: () => void };

const WORD = 4;
/** More than any frame is under way. */
const VAIN_MS = 2 ** 20;

/** Bytes for a suite from a stream of the seed. A single word is looked at and never kept: its bytes are the same memory each time. */
export function bytesOf(random: Random): (length: number) => Uint8Array {
  const single = new Uint8Array(WORD);
  return (length) => {
    if (length === WORD) {
      const word = random.word();
      single[0] = word;
      single[1] = word >>> 8;
      single[2] = word >>> 16;
      single[3] = word >>> 24;
      return single;
    }
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += WORD) {
      const word = random.word();
      for (let byte = at; byte < Math.min(length, at + WORD); byte++) bytes[byte] = word >>> (8 * (byte - at));
    }
    return bytes;
  };
}

const wake: ListenerEvent = { kind: 'wake' };

const domainOf = (server: number): string => `s${server}.example`;

/** Frames of all servers have one length, but for the length of their names; this is that of the first. */
export const frameBytes = renderFrame(domainOf(0), idleFrame).length;

/** A network from its first moment on. */
export class Network {
  readonly setting: NetSetting;
  readonly wheel = new Wheel<Planned>();
  readonly links: readonly (readonly [number, number])[];
  readonly peers: readonly (readonly number[])[];
  readonly servers: NetServer[] = [];
  readonly stations: readonly Station[];
  readonly suites: readonly Suite[];
  readonly dishonest: readonly (Dishonest | null)[];
  readonly watchers: Watcher[] = [];
  events = 0;
  lost = 0;
  readonly #random: Random;
  readonly #chance: Random;
  readonly #domains: readonly string[];
  readonly #mayPassOver: boolean;
  readonly #seen = new WeakMap<Uint8Array, Uint8Array>();
  /** How many frames that were passed over would come at each millisecond, in a circle. */
  readonly #vain = new Uint32Array(VAIN_MS);
  #countedMs = 0;
  /** Of each server, by the peer's domain. */
  readonly #links: readonly Map<string, Link>[];

  /**
   * `suiteOf`: the suite of a server, with chance from these bytes. `isQuick`: whose a cell is is looked up once for all, and frames of
   * which nothing comes are counted and not played; nothing else is different.
   */
  constructor(
    setting: NetSetting,
    suiteOf: (server: number, random: (length: number) => Uint8Array) => Suite,
    isQuick: boolean,
  ) {
    const { seed, servers, graph, degree, limits, weakness } = setting;
    this.setting = setting;
    this.#random = Random.of(seed, 'net');
    this.#chance = this.#random.stream('links');
    this.links = drawLinks(graph, servers, degree, this.#random.stream('graph'));
    const all = Array.from({ length: servers }, (_, server) => server);
    this.#domains = all.map(domainOf);
    // A link that breaks loses what is under way; and what is planted may stand between a frame and who sends it.
    this.#mayPassOver = isQuick && setting.partitions === 0 && weakness === null;
    this.#links = all.map(() => new Map());
    const peers = all.map((): number[] => []);
    for (const [a, b] of this.links) {
      peers[a]!.push(b);
      peers[b]!.push(a);
    }
    this.peers = peers;
    this.dishonest = this.#drawDishonest();
    this.suites = all.map((server) => suiteOf(server, bytesOf(this.#random.stream(`server ${server}`))));
    const keys = this.suites.map(
      (suite): EpochKey => ({ pair: pairOf(suite, suite.random(32)), beginsMs: 0, endsMs: Number.MAX_SAFE_INTEGER }),
    );
    this.stations = keys.map(({ pair, beginsMs }, server) => {
      const domain = this.#domains[server]!;
      return { domain, group: domain, keys: [{ publicKey: pair.publicKey, beginsMs }] };
    });
    const wakes = all.map((server): Planned => ({ what: 'wake', server }));
    const hints = isQuick ? new SharedHints(this.suites[0]!) : null;
    const around: Surroundings = {
      after: (delayMs, act) => this.wheel.plan(this.wheel.nowMs + delayMs, { what: 'do', act }),
      wakeAt: (server, atMs) => this.wheel.plan(atMs, wakes[server]!),
      send: (from, peer, frame) => this.#send(this.#links[from]!.get(peer)!, frame),
      exit: (server, tag) => this.watchers.forEach((watcher) => watcher.exit?.(server, tag, this.wheel.nowMs)),
      opened: (server, job, found) =>
        this.watchers.forEach((watcher) => watcher.opened?.(server, job, found, this.wheel.nowMs)),
    };
    for (const index of all) {
      const [domain, suite, key] = [this.#domains[index]!, this.suites[index]!, keys[index]!];
      const options = { index, domain, suite, limits, key, stations: this.stations, weakness, hints };
      this.servers.push(new NetServer(options, around, 0));
    }
    for (const [a, b] of this.links) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const delayMs = 1 + this.#chance.exponential(setting.delayMs);
        this.#links[from]!.set(this.#domains[to]!, { from, to, delayMs, lastMs: 0, isCut: false });
      }
      this.#link(a, b);
    }
    this.#planPartitions();
  }

  /** Lets everything happen up to a time. */
  run(untilMs: number): void {
    for (;;) {
      const planned = this.wheel.next(untilMs);
      if (planned === null) break;
      const { nowMs } = this.wheel;
      if (planned.what === 'wake') {
        const server = this.servers[planned.server]!;
        if (server.wakeMs !== nowMs) continue;
        this.events++;
        server.tell(wake, nowMs);
      } else if (planned.what === 'do') planned.act();
      else this.#arrive(planned.link, planned.frame);
    }
    // What was passed over counts like all others, when it would have come.
    for (; this.#countedMs <= this.wheel.nowMs; this.#countedMs++) {
      const at = this.#countedMs % this.#vain.length;
      this.events += this.#vain[at]!;
      this.#vain[at] = 0;
    }
  }

  #arrive({ from, to, isCut }: Link, frame: Frame): void {
    if (isCut) return;
    this.events++;
    const { nowMs } = this.wheel;
    if (frame.kind === 'cell') {
      this.dishonest[to]?.heard(frame.data);
      this.#seenOf(frame.data)[to] = 1;
    }
    for (const watcher of this.watchers) watcher.came?.(from, to, frame, nowMs);
    this.servers[to]!.tell({ kind: 'frame', peer: this.#domains[from]!, frame }, nowMs);
  }

  #send(link: Link, frame: Frame): void {
    const conduct = this.dishonest[link.from];
    if (conduct === null || conduct === undefined) this.#put(link, frame);
    else {
      for (const [other, laterMs] of conduct.send(frame)) {
        if (laterMs === 0) this.#put(link, other);
        else this.wheel.plan(this.wheel.nowMs + laterMs, { what: 'do', act: () => this.#put(link, other) });
      }
    }
  }

  /** Onto the wire, where all that watch it see it. */
  #put(link: Link, frame: Frame): void {
    const { nowMs } = this.wheel;
    if (link.isCut) return;
    for (const watcher of this.watchers) watcher.sent?.(link.from, link.to, frame, nowMs);
    if (frame.kind === 'cell' && this.dishonest[link.from] === null) this.#seenOf(frame.data)[link.from] = 1;
    const { loss, jitterMs } = this.setting;
    if (loss > 0 && this.#chance.chance(loss)) {
      this.lost++;
      return;
    }
    const jitter = jitterMs === 0 ? 0 : this.#chance.exponential(jitterMs);
    link.lastMs = Math.max(link.lastMs, nowMs + link.delayMs + jitter);
    if (this.#isVain(link, frame)) this.#vain[link.lastMs % this.#vain.length]!++;
    else this.wheel.plan(link.lastMs, { what: 'frame', link, frame });
  }

  /**
   * Whether nothing comes of a frame, so that it need not be played: it is idle, or a cell that the other has seen. Of dishonest
   * servers all are, since these look at each, and since only they could send more than a link's budget.
   */
  #isVain({ from, to }: Link, { kind, data }: Frame): boolean {
    if (!this.#mayPassOver || this.dishonest[from] !== null || this.dishonest[to] !== null) return false;
    return kind === 'idle' || (kind === 'cell' && this.#seenOf(data)[to] === 1);
  }

  /** Which servers have had these very bytes in their hands: 1 each. */
  #seenOf(cell: Uint8Array): Uint8Array {
    let seen = this.#seen.get(cell);
    if (seen === undefined) {
      seen = new Uint8Array(this.servers.length);
      this.#seen.set(cell, seen);
    }
    return seen;
  }

  #setCut(a: number, b: number, isCut: boolean): void {
    this.#links[a]!.get(this.#domains[b]!)!.isCut = isCut;
    this.#links[b]!.get(this.#domains[a]!)!.isCut = isCut;
  }

  #link(a: number, b: number): void {
    const membership = { isMember: true, isMemberThere: true };
    const { nowMs } = this.wheel;
    this.servers[a]!.tell({ kind: 'linked', peer: this.#domains[b]!, membership }, nowMs);
    this.servers[b]!.tell({ kind: 'linked', peer: this.#domains[a]!, membership }, nowMs);
  }

  #drawDishonest(): (Dishonest | null)[] {
    const { servers, dishonest, kinds } = this.setting;
    const random = this.#random.stream('dishonest');
    const chosen = random.shuffle(Array.from({ length: servers }, (_, server) => server));
    const who = new Map(chosen.slice(0, Math.round(dishonest * servers)).map((server, index) => [server, index]));
    return Array.from({ length: servers }, (_, server) => {
      const index = who.get(server);
      if (index === undefined || kinds.length === 0) return null;
      return new Dishonest(kinds[index % kinds.length]!, random.stream(`${server}`));
    });
  }

  /** Now and then a half that is drawn has no links to the other. */
  #planPartitions(): void {
    const { partitions, partitionMs, sendMs, servers } = this.setting;
    const random = this.#random.stream('partitions');
    // One after the other: a link that is cut twice would heal once.
    for (let number = 0; number < partitions; number++) {
      const room = Math.floor(sendMs / partitions);
      const fromMs = number * room + random.below(Math.max(1, room - partitionMs));
      const sides = Array.from({ length: servers }, () => random.chance(0.5));
      const cut = this.links.filter(([a, b]) => sides[a] !== sides[b]);
      this.wheel.plan(fromMs, { what: 'do', act: () => cut.forEach(([a, b]) => this.#part(a, b)) });
      const untilMs = fromMs + Math.min(partitionMs, room - 1);
      this.wheel.plan(untilMs, { what: 'do', act: () => cut.forEach(([a, b]) => this.#heal(a, b)) });
    }
  }

  #part(a: number, b: number): void {
    const { nowMs } = this.wheel;
    this.#setCut(a, b, true);
    this.servers[a]!.tell({ kind: 'unlinked', peer: this.#domains[b]! }, nowMs);
    this.servers[b]!.tell({ kind: 'unlinked', peer: this.#domains[a]! }, nowMs);
  }

  #heal(a: number, b: number): void {
    this.#setCut(a, b, false);
    this.#link(a, b);
  }
}
