/** Which host reaches which: links that are cut, one way or both, and heal. docs/simulator.md#network */
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';

/** The state of every link, each direction apart, and the partitions that come by themselves. */
export class Links {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: Faults;
  /** The partitions that lie on a direction; absent means open. Each by number, so that none ends another. */
  readonly #cuts = new Map<string, Set<number>>();
  #partitions = 0;
  readonly #waiting = new Map<string, (() => void)[]>();

  constructor(clock: Clock, random: Random, faults: Faults) {
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
  }

  /** Whether nothing gets from one host to the other now. */
  isCut(from: string, to: string): boolean {
    return this.#cuts.has(`${from}>${to}`);
  }

  /** Cuts the link between two hosts for a time; one way: only what a sends to b is lost. */
  partition(a: string, b: string, oneWay: boolean, durationUs: number): void {
    this.#faults.happened(oneWay ? 'partition one way' : 'partition');
    const directions = oneWay ? [`${a}>${b}`] : [`${a}>${b}`, `${b}>${a}`];
    const partition = ++this.#partitions;
    for (const direction of directions) {
      const cuts = this.#cuts.get(direction) ?? new Set();
      this.#cuts.set(direction, cuts.add(partition));
    }
    this.#clock.after(durationUs, () => {
      for (const direction of directions) {
        const cuts = this.#cuts.get(direction);
        if (cuts?.delete(partition) === true && cuts.size === 0) this.#open(direction);
      }
    });
  }

  /** Partitions this link again and again, at the rates' intervals. */
  startPartitions(a: string, b: string): void {
    const { partitionIntervalUsMean, partitionUsMean, partitionOneWay } = this.#faults.rates;
    if (partitionIntervalUsMean === 0) return;
    this.#clock.after(this.#random.exponential(partitionIntervalUsMean), () => {
      if (this.#faults.rates.partitionIntervalUsMean === 0) return;
      const [from, to] = this.#random.chance(0.5) ? [a, b] : [b, a];
      this.partition(from, to, this.#random.chance(partitionOneWay), this.#random.exponential(partitionUsMean));
      this.startPartitions(a, b);
    });
  }

  /** Lets something happen once this direction is open: at once if it is. */
  whenOpen(from: string, to: string, happen: () => void): void {
    const direction = `${from}>${to}`;
    if (!this.#cuts.has(direction)) {
      happen();
      return;
    }
    const waiting = this.#waiting.get(direction);
    if (waiting === undefined) this.#waiting.set(direction, [happen]);
    else waiting.push(happen);
  }

  /** Ends every partition that lasts. */
  healAll(): void {
    for (const direction of [...this.#cuts.keys()]) this.#open(direction);
  }

  #open(direction: string): void {
    this.#cuts.delete(direction);
    const waiting = this.#waiting.get(direction) ?? [];
    this.#waiting.delete(direction);
    for (const happen of waiting) happen();
  }
}
