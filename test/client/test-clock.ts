/** A clock that jumps from one thing to the next. */

/** From 0 on; what is due at one time happens in the order in which it was said. */
export class TestClock {
  nowMs = 0;
  #things: { readonly atMs: number; readonly number: number; readonly happen: () => void }[] = [];
  #number = 0;

  at(delayMs: number, happen: () => void): void {
    this.#things.push({ atMs: this.nowMs + Math.max(0, delayMs), number: ++this.#number, happen });
  }

  /** Until so long has passed, or something holds. */
  run(ms: number, until: () => boolean): void {
    const endMs = this.nowMs + ms;
    while (!until()) {
      this.#things.sort((one, other) => one.atMs - other.atMs || one.number - other.number);
      const next = this.#things[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#things.shift();
      this.nowMs = next.atMs;
      next.happen();
    }
    if (!until()) this.nowMs = endMs;
  }
}
