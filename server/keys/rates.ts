/** How often one address may ask: a bucket that refills. docs/spec/key-server.md#limits */

/** When each bucket will be full again, in milliseconds of the caller's clock; the longest unused first. */
export class Rates {
  readonly #burst: number;
  readonly #everyMs: number;
  readonly #placesMax: number;
  readonly #fullAt = new Map<string, number>();

  /** `burst` at once, and one more every `everyMs`. */
  constructor(burst: number, everyMs: number, placesMax: number) {
    this.#burst = burst;
    this.#everyMs = everyMs;
    this.#placesMax = placesMax;
  }

  /** Milliseconds to wait; 0: go on, and it is counted. */
  take(place: string, nowMs: number): number {
    const fullAt = Math.max(this.#fullAt.get(place) ?? 0, nowMs) + this.#everyMs;
    const waitMs = fullAt - nowMs - this.#burst * this.#everyMs;
    if (waitMs > 0) return waitMs;
    this.#fullAt.delete(place);
    this.#fullAt.set(place, fullAt);
    if (this.#fullAt.size > this.#placesMax) this.#fullAt.delete(this.#fullAt.keys().next().value!);
    return 0;
  }
}
