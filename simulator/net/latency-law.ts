/** What an attacker knows of how long messages take: a density from those of his own clients. docs/simulator.md#attackers */
import { quantile } from './exact.ts';

/** Fewer probes say nothing. */
const probesMin = 8;

/** A density of latencies, in whole or parts of milliseconds. */
export class LatencyLaw {
  readonly #latencies: readonly number[];
  readonly #widthMs: number;
  /** How many probes it is made of. */
  readonly power: number;

  /** A kernel estimate with triangles as wide as Freedman and Diaconis' bins (1981). */
  constructor(latencies: readonly number[]) {
    this.#latencies = latencies.toSorted((one, other) => one - other);
    this.power = latencies.length;
    let root = 1;
    while ((root + 1) * (root + 1) * (root + 1) <= latencies.length) root++;
    const spread = quantile(this.#latencies, 0.75) - quantile(this.#latencies, 0.25);
    this.#widthMs = Math.max(20, (2 * spread) / root);
  }

  get isKnown(): boolean {
    return this.power >= probesMin;
  }

  /** The longest that is thought possible, milliseconds. */
  get maxMs(): number {
    return (this.#latencies.at(-1) ?? 0) + this.#widthMs;
  }

  /** The density of a latency, up to a factor. */
  of(latencyMs: number): number {
    let sum = 0;
    for (const known of this.#latencies) {
      const apart = Math.abs(known - latencyMs);
      if (apart < this.#widthMs) sum += 1 - apart / this.#widthMs;
    }
    return sum;
  }
}
