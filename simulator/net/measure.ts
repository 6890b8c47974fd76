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
  /** Who put a cell out first. */
  readonly #makers = new Map<CellName, number>();
  readonly #onions = new Set<CellName>();
  readonly #heard: Set<CellName>[];
  #digest = [0x811c9dc5, 0x01000193];

  constructor(network: Network) {
    this.#network = network;
    this.#perMinute = minuteMs / network.setting.limits.linkMsMean;
    this.#heard = network.servers.map(() => new Set());
  }

  /** Two words that hang on every frame, opening and exit of the run. */
  get digest(): string {
    return this.#digest.map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  handed(message: Message): void {
    this.messages.set(message.tag, message);
  }

  sent(from: number, to: number, frame: Frame, atMs: number): void {
    this.frames++;
    this.bytes += frameBytes;
    this.#note(atMs, from, to, frame.kind.charCodeAt(0));
    if (frame.kind !== 'cell') return;
    this.cells++;
    const name = nameOfCell(frame.data);
    if (!this.#makers.has(name)) {
      this.#makers.set(name, from);
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
    const heard = this.#heard[to]!;
    if (heard.has(name) || this.#makers.get(name) === to) return;
    heard.add(name);
    this.firstHeard++;
    if (this.#makers.get(name) === from) this.firstFromMaker++;
  }

  /** What an honest server takes out, it takes out once. */
  readonly opened = (server: number, _job: OpenJob, found: Found, atMs: number): void => {
    if (found.kind === 'nothing') return;
    this.#note(atMs, server, found.kind.length);
    if (found.kind === 'unwrapped') this.unwrapped++;
    else this.layers++;
  };

  exit(server: number, tag: string, atMs: number): void {
    this.#note(atMs, server, tag.length, 1);
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

  #note(...numbers: readonly number[]): void {
    let [one, other] = this.#digest as [number, number];
    for (const number of numbers) {
      one = imul(one ^ number, 0x01000193);
      other = imul(other ^ number, 0x85ebca6b);
      other ^= other >>> 15;
    }
    this.#digest = [one, other];
  }
}
