/** What a network did, counted by who plays it: arrival, latency, bytes, busy links, who was first. docs/simulator.md#network-of-listeners */
import { type CellName, nameOfCell, nameOfOnion } from './names.ts';
import type { Message } from './traffic.ts';
import { frameBytes, type Network, type Watcher } from './network.ts';
import type { Frame } from '../../listener-bots/frame.ts';
import type { Found, OpenJob } from '../../listener-bots/opening.ts';
import { onionOf } from '../../onion/cell.ts';
import { warmMs } from './setting.ts';

const minuteMs = 60_000;
const { imul } = Math;

/** Who put a cell out first, and which servers have heard it since: 1 each. */
interface Made {
  readonly by: number;
  readonly heard: Uint8Array;
}

/** Counts of one run. */
export class Measure implements Watcher {
  readonly messages = new Map<string, Message>();
  frames = 0;
  cells = 0;
  bytes = 0;
  /** Greatest share of its frames that cells took on a link in a whole minute, once keys were known. */
  busiest = 0;
  /** Frames that made a server first hear of a cell, by whether the one who sent it had made it. */
  firstFromMaker = 0;
  firstHeard = 0;
  unwrapped = 0;
  layers = 0;
  /** Onions that an honest server put out bare when one had been put out before: it had been taken out twice. */
  twice = 0;
  /** The longest that anything was that peers and clients can make grow, by name. */
  readonly longest = new Map<string, number>();
  readonly #network: Network;
  readonly #perMinute: number;
  readonly #busy = new Map<number, number>();
  #minute = -1;
  readonly #made = new Map<CellName, Made>();
  readonly #onions = new Set<CellName>();
  #one = 0x811c9dc5;
  #other = 0x01000193;

  constructor(network: Network) {
    this.#network = network;
    this.#perMinute = minuteMs / network.setting.limits.linkMsMean;
  }

  /** Two words that hang on every frame, opening and exit of the run. */
  get digest(): string {
    return [this.#one, this.#other].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  handed(message: Message): void {
    this.messages.set(message.tag, message);
  }

  sent(from: number, to: number, frame: Frame, atMs: number): void {
    this.frames++;
    this.bytes += frameBytes;
    this.#note(atMs);
    this.#note(from);
    this.#note(to);
    this.#note(frame.kind.charCodeAt(0));
    if (frame.kind !== 'cell') return;
    this.cells++;
    const name = nameOfCell(frame.data);
    if (!this.#made.has(name)) {
      this.#made.set(name, { by: from, heard: new Uint8Array(this.#network.servers.length) });
      const onion = nameOfOnion(onionOf(frame.data));
      if (this.#onions.has(onion) && this.#network.dishonest[from] === null) this.twice++;
      this.#onions.add(onion);
    }
    const minute = Math.floor((atMs - warmMs) / minuteMs);
    if (minute !== this.#minute) this.#judge(minute);
    const key = from * this.#network.servers.length + to;
    this.#busy.set(key, (this.#busy.get(key) ?? 0) + 1);
  }

  came(from: number, to: number, frame: Frame): void {
    if (frame.kind !== 'cell') return;
    const name = nameOfCell(frame.data);
    const { by, heard } = this.#made.get(name)!;
    if (heard[to] === 1 || by === to) return;
    heard[to] = 1;
    this.firstHeard++;
    if (by === from) this.firstFromMaker++;
  }

  /** What an honest server takes out, it takes out once. */
  readonly opened = (server: number, _job: OpenJob, found: Found, atMs: number): void => {
    if (found.kind === 'nothing') return;
    this.#note(atMs);
    this.#note(server);
    this.#note(found.kind.length);
    if (found.kind === 'unwrapped') this.unwrapped++;
    else this.layers++;
  };

  exit(server: number, tag: string, atMs: number): void {
    this.#note(atMs);
    this.#note(server);
    this.#note(tag.length);
    this.#note(1);
    const message = this.messages.get(tag);
    if (message === undefined || message.to !== server) return;
    message.deliveries++;
    message.deliveredMs ??= atMs;
  }

  /** Looks how long everything is now. */
  look(): void {
    for (const { listener } of this.#network.servers) {
      for (const [name, length] of listener.queues()) {
        this.longest.set(name, Math.max(length, this.longest.get(name) ?? 0));
      }
    }
  }

  #judge(minute: number): void {
    if (this.#minute >= 0) {
      for (const cells of this.#busy.values()) this.busiest = Math.max(this.busiest, cells / this.#perMinute);
    }
    this.#busy.clear();
    this.#minute = minute;
  }

  #note(number: number): void {
    this.#one = imul(this.#one ^ number, 0x01000193);
    const other = imul(this.#other ^ number, 0x85ebca6b);
    this.#other = other ^ (other >>> 15);
  }
}
