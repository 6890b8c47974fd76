/** Token buckets by name: how much somebody may make us do at once, and how soon there is more. docs/spec/federation.md#federation-limits */
import { remember } from './remember.ts';

interface Bucket {
  readonly left: number;
  readonly atMs: number;
}

/** One kind of budget. A name that is forgotten begins with a full bucket; the one unheard of for longest goes first. */
export class Budget {
  readonly #most: number;
  readonly #everyMs: number;
  readonly #namesMax: number;
  readonly #buckets = new Map<string, Bucket>();

  /** `most`: at once; one more after each `everyMs`. */
  constructor(most: number, everyMs: number, namesMax: number) {
    this.#most = most;
    this.#everyMs = everyMs;
    this.#namesMax = namesMax;
  }

  /** Whether there is one left. */
  has(name: string, nowMs: number): boolean {
    return this.#left(name, nowMs) >= 1;
  }

  /** Whether there is one left, which is spent. */
  spend(name: string, nowMs: number): boolean {
    const now = this.#left(name, nowMs);
    remember(this.#buckets, name, { left: now >= 1 ? now - 1 : now, atMs: nowMs }, this.#namesMax);
    return now >= 1;
  }

  /** Takes one from each, or, where one of them has none left, from none. */
  static spendAll(nowMs: number, each: readonly (readonly [budget: Budget, name: string])[]): boolean {
    const isLeft = each.every(([budget, name]) => budget.has(name, nowMs));
    if (isLeft) for (const [budget, name] of each) budget.spend(name, nowMs);
    return isLeft;
  }

  /** Those that are not full, by name: what is left of what there may be at once. */
  spent(nowMs: number): { readonly name: string; readonly left: number; readonly most: number }[] {
    return [...this.#buckets.keys()].flatMap((name) => {
      const left = Math.floor(this.#left(name, nowMs));
      return left < this.#most ? [{ name, left, most: this.#most }] : [];
    });
  }

  #left(name: string, nowMs: number): number {
    const { left, atMs } = this.#buckets.get(name) ?? { left: this.#most, atMs: nowMs };
    return Math.min(this.#most, left + (nowMs - atMs) / this.#everyMs);
  }
}
