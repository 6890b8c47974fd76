/** How often somebody may come with something. docs/spec/trust.md#asking-others */
import { remember } from '../remember.ts';

/** So many times in so long, each; of so many it is known. */
export class Rate {
  readonly #max: number;
  readonly #perMs: number;
  readonly #knownMax: number;
  readonly #came = new Map<string, { readonly sinceMs: number; readonly times: number }>();

  constructor(max: number, perMs: number, knownMax: number) {
    this.#max = max;
    this.#perMs = perMs;
    this.#knownMax = knownMax;
  }

  /** Counts it, and whether it may be. */
  allows(who: string, nowMs: number): boolean {
    const last = this.#came.get(who);
    const isNew = last === undefined || nowMs - last.sinceMs >= this.#perMs;
    const came = isNew ? { sinceMs: nowMs, times: 1 } : { ...last, times: last.times + 1 };
    if (came.times > this.#max) return false;
    remember(this.#came, who, came, this.#knownMax);
    return true;
  }
}
