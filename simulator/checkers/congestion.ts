/** Checks that no link is busy for long: what waits for a busy link arrives late, or never. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { cellOf } from '../raw-cell.ts';
import type { Checker } from './checker.ts';

const SECOND = 1_000_000;
const minuteUs = 60 * SECOND;
/** What queued up while things failed is through so long after faults end. */
const drainUs = 10 * SECOND;
const shareMax = 0.7;

export class CongestionChecker implements Checker {
  readonly name = 'congestion';
  readonly promise = 'once faults end, no link carries cells for over 0.7 of its rate for a minute';
  readonly atEnd = true;
  readonly #honest: ReadonlySet<string>;
  readonly #perMinute: number;
  #nowUs = 0;
  #beginUs = Number.MAX_SAFE_INTEGER;
  /** Cells of the minute that is under way, by link. */
  readonly #cells = new Map<string, number>();
  #failure: string | null = null;

  /** `linkMsMean`: the mean time between two frames of one link. */
  constructor(honest: readonly string[], linkMsMean: number) {
    this.#honest = new Set(honest);
    this.#perMinute = minuteUs / (1000 * linkMsMean);
  }

  observe(observation: Observation): string | null {
    if (observation.kind === 'calm') this.#beginUs = this.#nowUs + drainUs;
    if (observation.kind === 'ended') return this.#failure;
    if (observation.kind !== 'multicast') return null;
    this.#nowUs = observation.atUs;
    if (this.#nowUs < this.#beginUs || !this.#honest.has(observation.host)) return null;
    if (this.#nowUs >= this.#beginUs + minuteUs) this.#judge();
    if (cellOf(observation.content) === null) return null;
    const link = `${observation.host} ${observation.peer}`;
    this.#cells.set(link, (this.#cells.get(link) ?? 0) + 1);
    return null;
  }

  #judge(): void {
    for (const [link, cells] of this.#cells) {
      if (cells <= shareMax * this.#perMinute) continue;
      this.#failure ??= `${link}: ${cells} cells in a minute, of ${this.#perMinute} frames`;
    }
    this.#cells.clear();
    this.#beginUs += minuteUs;
  }
}
