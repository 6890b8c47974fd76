/** Virtual time for many servers: what is to happen, in lists of one millisecond each. docs/simulator.md#time */

const SLOTS = 65_536;

/** Things with their times, side by side: an object for each would be what a big network mostly makes. */
interface Slot<T> {
  readonly times: number[];
  readonly items: T[];
}

/** Whole milliseconds from 0; at one time, first planned first. Adding and taking cost the same however much is planned. */
export class Wheel<T> {
  nowMs = 0;
  readonly #slots = new Array<Slot<T> | undefined>(SLOTS);
  #slot: Slot<T> = { times: [], items: [] };
  #at = 0;

  /** Plans something at a time that is not past. */
  plan(atMs: number, item: T): void {
    const due = Math.max(atMs, this.nowMs);
    // What is further away is looked at once a turn of the wheel.
    if (due === this.nowMs) put(this.#slot, due, item);
    else this.#put(due, item);
  }

  /** The next thing up to a time, and time moves on to it; null: there is none, and it is that time. */
  next(endMs: number): T | null {
    for (;;) {
      const { times, items } = this.#slot;
      while (this.#at < items.length) {
        const [atMs, item] = [times[this.#at]!, items[this.#at]!];
        this.#at++;
        if (atMs === this.nowMs) return item;
        this.#put(atMs, item);
      }
      if (this.nowMs >= endMs) return null;
      this.nowMs++;
      this.#at = 0;
      const slot = this.nowMs % SLOTS;
      this.#slot = this.#slots[slot] ?? { times: [], items: [] };
      this.#slots[slot] = undefined;
    }
  }

  #put(atMs: number, item: T): void {
    put((this.#slots[atMs % SLOTS] ??= { times: [], items: [] }), atMs, item);
  }
}

function put<T>({ times, items }: Slot<T>, atMs: number, item: T): void {
  times.push(atMs);
  items.push(item);
}
