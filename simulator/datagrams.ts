/** The unreliable service: single packets that may be lost, doubled, held back, overtaken, or cut off. docs/simulator.md#network */
import { copyBytes } from '../psyc/bytes.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Links } from './links.ts';
import type { Random } from './random.ts';

/** Whoever takes datagrams at a host. */
export type DatagramReceiver = (from: string, bytes: Uint8Array) => void;

/** Datagrams between hosts. */
export class Datagrams {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #links: Links;
  readonly #receivers = new Map<string, DatagramReceiver>();
  /** Number of the last datagram sent, and the highest that arrived, of each direction. */
  readonly #sent = new Map<string, number>();
  readonly #arrived = new Map<string, number>();

  constructor(clock: Clock, random: Random, faults: Faults, links: Links) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
    this.#links = links;
  }

  /** Datagrams for this host go here from now on; null: nobody is there, and they vanish. */
  listen(host: string, receiver: DatagramReceiver | null): void {
    if (receiver === null) this.#receivers.delete(host);
    else this.#receivers.set(host, receiver);
  }

  /** Sends a datagram on its way. The bytes must not be changed afterwards. */
  send(from: string, to: string, bytes: Uint8Array): void {
    const direction = `${from}>${to}`;
    const number = (this.#sent.get(direction) ?? 0) + 1;
    this.#sent.set(direction, number);
    const { rates } = this.#faults;
    let copies = 1;
    if (this.#random.chance(rates.duplication)) {
      copies = 2;
      this.#faults.happened('duplication');
    }
    for (; copies > 0; copies--) {
      if (this.#random.chance(rates.loss)) {
        this.#faults.happened('loss');
        continue;
      }
      let delayUs = rates.delayUsMin + this.#random.exponential(rates.delayUsMean);
      if (this.#random.chance(rates.reordering)) {
        this.#faults.happened('delay');
        delayUs += 10 * rates.delayUsMean;
      }
      this.#clock.after(delayUs, () => this.#arrive(from, to, number, bytes));
    }
  }

  #arrive(from: string, to: string, number: number, bytes: Uint8Array): void {
    if (this.#links.isCut(from, to)) {
      this.#faults.happened('cut off');
      return;
    }
    const direction = `${from}>${to}`;
    const highest = this.#arrived.get(direction) ?? 0;
    if (number < highest) this.#faults.happened('reordering');
    else this.#arrived.set(direction, number);
    this.#receivers.get(to)?.(from, copyBytes(bytes));
  }
}
