/** A Poisson clock: it strikes at times that have nothing to do with what there is to do. docs/spec/onion.md#poisson-clocks */
import { drawExponential } from './chance.ts';
import type { Random } from './keys.ts';

/** Strikes with exponential times in between, told to whoever asks often enough. */
export class PoissonClock {
  readonly #random: Random;
  readonly #lateMsMax: number;
  /** With parts of milliseconds: rounded ones would add up. */
  #dueMs: number;
  #nextMs: number;

  constructor(random: Random, meanMs: number, lateMsMax: number, nowMs: number) {
    this.#random = random;
    this.#lateMsMax = lateMsMax;
    this.#dueMs = nowMs + drawExponential(random, meanMs);
    this.#nextMs = Math.ceil(this.#dueMs);
  }

  /** When it strikes next, whole milliseconds, rounded up. */
  get nextMs(): number {
    return this.#nextMs;
  }

  /** How often it has struck since it was asked last; the next strike is drawn with this mean. */
  strikes(nowMs: number, meanMs: number): number {
    // Who slept through many does not make up for them: a burst would tell of the sleep.
    if (nowMs - this.#dueMs > this.#lateMsMax) this.#dueMs = nowMs;
    let strikes = 0;
    while (this.#dueMs <= nowMs) {
      strikes++;
      this.#dueMs += drawExponential(this.#random, meanMs);
    }
    this.#nextMs = Math.ceil(this.#dueMs);
    return strikes;
  }
}
