/** N listeners and what is between them: links with delay and loss, partitions, dishonest servers. docs/simulator.md#network-of-listeners */
import type { Suite } from '../../crypto/suite.ts';
import type { EpochKey } from '../../listener-bots/events.ts';
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

interface Link {
  readonly delayMs: number;
  /** When the last frame arrives: they do not overtake each other. */
  lastMs: number;
}

type Planned =
  | { readonly what: 'wake'; readonly server: number; readonly atMs: number }
  | { readonly what: 'frame'; readonly from: number; readonly to: number; readonly frame: Frame }
  | { readonly what: 'do'; readonly act: () => void };

const WORD = 4;

/** Bytes for a suite from a stream of the seed. */
export function bytesOf(random: Random): (length: number) => Uint8Array {
  return (length) => {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; at += WORD) {
      const word = random.word();
      for (let byte = at; byte < Math.min(length, at + WORD); byte++) bytes[byte] = word >>> (8 * (byte - at));
    }
    return bytes;
  };
}

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
  readonly #links = new Map<number, Link>();
  readonly #cut = new Set<number>();

  /** `suiteOf`: the suite of a server, with chance from these bytes. */
  constructor(setting: NetSetting, suiteOf: (server: number, random: (length: number) => Uint8Array) => Suite) {
    const { seed, servers, graph, degree, limits, weakness } = setting;
    this.setting = setting;
    this.#random = Random.of(seed, 'net');
    this.#chance = this.#random.stream('links');
    this.links = drawLinks(graph, servers, degree, this.#random.stream('graph'));
    const all = Array.from({ length: servers }, (_, server) => server);
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
      const domain = domainOf(server);
      return { domain, group: domain, keys: [{ publicKey: pair.publicKey, beginsMs }] };
    });
    const indices = new Map(all.map((server) => [domainOf(server), server]));
    const around: Surroundings = {
      after: (delayMs, act) => this.wheel.plan(this.wheel.nowMs + delayMs, { what: 'do', act }),
      wakeAt: (server, atMs) => this.wheel.plan(atMs, { what: 'wake', server, atMs }),
      send: (from, to, frame) => this.#send(from, to, frame),
      exit: (server, tag) => this.watchers.forEach((watcher) => watcher.exit?.(server, tag, this.wheel.nowMs)),
      opened: (server, job, found) =>
        this.watchers.forEach((watcher) => watcher.opened?.(server, job, found, this.wheel.nowMs)),
    };
    for (const index of all) {
      const [domain, suite, key] = [domainOf(index), this.suites[index]!, keys[index]!];
      const peerOf = (name: string): number => indices.get(name)!;
      const options = { index, domain, suite, limits, key, stations: this.stations, weakness, peerOf };
      this.servers.push(new NetServer(options, around, 0));
    }
    for (const [a, b] of this.links) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const delayMs = 1 + this.#chance.exponential(setting.delayMs);
        this.#links.set(this.#keyOf(from, to), { delayMs, lastMs: 0 });
      }
      this.#link(a, b);
    }
    this.#planPartitions();
  }

  /** Lets everything happen up to a time. */
  run(untilMs: number): void {
    for (;;) {
      const planned = this.wheel.next(untilMs);
      if (planned === null) return;
      const { nowMs } = this.wheel;
      if (planned.what === 'wake') {
        const server = this.servers[planned.server]!;
        if (server.wakeMs !== planned.atMs) continue;
        this.events++;
        server.tell({ kind: 'wake' }, nowMs);
      } else if (planned.what === 'do') planned.act();
      else this.#arrive(planned.from, planned.to, planned.frame);
    }
  }

  #arrive(from: number, to: number, frame: Frame): void {
    if (this.#cut.has(this.#keyOf(from, to))) return;
    this.events++;
    const { nowMs } = this.wheel;
    if (frame.kind === 'cell') this.dishonest[to]?.heard(frame.data);
    for (const watcher of this.watchers) watcher.came?.(from, to, frame, nowMs);
    this.servers[to]!.tell({ kind: 'frame', peer: domainOf(from), frame }, nowMs);
  }

  #send(from: number, to: number, frame: Frame): void {
    const conduct = this.dishonest[from];
    if (conduct === null || conduct === undefined) this.#put(from, to, frame);
    else {
      for (const [other, laterMs] of conduct.send(frame)) {
        if (laterMs === 0) this.#put(from, to, other);
        else this.wheel.plan(this.wheel.nowMs + laterMs, { what: 'do', act: () => this.#put(from, to, other) });
      }
    }
  }

  /** Onto the wire, where all that watch it see it. */
  #put(from: number, to: number, frame: Frame): void {
    const { nowMs } = this.wheel;
    const key = this.#keyOf(from, to);
    if (this.#cut.has(key)) return;
    for (const watcher of this.watchers) watcher.sent?.(from, to, frame, nowMs);
    const { loss, jitterMs } = this.setting;
    const link = this.#links.get(key)!;
    if (loss > 0 && this.#chance.chance(loss)) {
      this.lost++;
      return;
    }
    const jitter = jitterMs === 0 ? 0 : this.#chance.exponential(jitterMs);
    link.lastMs = Math.max(link.lastMs, nowMs + link.delayMs + jitter);
    this.wheel.plan(link.lastMs, { what: 'frame', from, to, frame });
  }

  #keyOf(from: number, to: number): number {
    return from * this.setting.servers + to;
  }

  #link(a: number, b: number): void {
    const membership = { isMember: true, isMemberThere: true };
    const { nowMs } = this.wheel;
    this.servers[a]!.tell({ kind: 'linked', peer: domainOf(b), membership }, nowMs);
    this.servers[b]!.tell({ kind: 'linked', peer: domainOf(a), membership }, nowMs);
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
    this.#cut.add(this.#keyOf(a, b)).add(this.#keyOf(b, a));
    this.servers[a]!.tell({ kind: 'unlinked', peer: domainOf(b) }, nowMs);
    this.servers[b]!.tell({ kind: 'unlinked', peer: domainOf(a) }, nowMs);
  }

  #heal(a: number, b: number): void {
    this.#cut.delete(this.#keyOf(a, b));
    this.#cut.delete(this.#keyOf(b, a));
    this.#link(a, b);
  }
}
