/** A token bucket: how much one link may bring. docs/spec/listener-bots.md#budget */

/** Full at the beginning. */
export class Bucket {
  readonly #perSecond: number;
  readonly #max: number;
  /** Thousandths of a token, so that all arithmetic is whole. */
  #thousandths: number;
  #atMs: number;

  constructor(perSecond: number, max: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#max = 1000 * max;
    this.#thousandths = this.#max;
    this.#atMs = nowMs;
  }

  /** Takes one token; false: there is none. */
  take(nowMs: number): boolean {
    this.#thousandths = Math.min(this.#max, this.#thousandths + this.#perSecond * (nowMs - this.#atMs));
    this.#atMs = nowMs;
    if (this.#thousandths < 1000) return false;
    this.#thousandths -= 1000;
    return true;
  }
}
