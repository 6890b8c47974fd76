/** Virtual time for many servers: what is to happen, in lists of one millisecond each. docs/simulator.md#time */

const SLOTS = 65_536;

/** Whole milliseconds from 0; at one time, first planned first. Adding and taking cost the same however much is planned. */
export class Wheel<T> {
  nowMs = 0;
  readonly #slots = new Array<{ readonly atMs: number; readonly item: T }[] | undefined>(SLOTS);
  #slot: { readonly atMs: number; readonly item: T }[] = [];
  #at = 0;

  /** Plans something at a time that is not past. */
  plan(atMs: number, item: T): void {
    const due = Math.max(atMs, this.nowMs);
    // What is further away is looked at once a turn of the wheel.
    const slot = due === this.nowMs ? this.#slot : (this.#slots[due % SLOTS] ??= []);
    slot.push({ atMs: due, item });
  }

  /** The next thing up to a time, and time moves on to it; null: there is none, and it is that time. */
  next(endMs: number): T | null {
    for (;;) {
      while (this.#at < this.#slot.length) {
        const { atMs, item } = this.#slot[this.#at++]!;
        if (atMs === this.nowMs) return item;
        (this.#slots[atMs % SLOTS] ??= []).push({ atMs, item });
      }
      if (this.nowMs >= endMs) return null;
      this.nowMs++;
      this.#at = 0;
      this.#slot = this.#slots[this.nowMs % SLOTS] ?? [];
      this.#slots[this.nowMs % SLOTS] = undefined;
    }
  }
}
