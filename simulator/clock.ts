/** Virtual time: a queue of what is to happen, in order of time and, at one time, in order of planning. docs/simulator.md#time */

interface Planned {
  readonly atUs: number;
  readonly order: number;
  readonly happen: () => void;
}

/** Whether a comes before b. */
const before = (a: Planned, b: Planned): boolean => a.atUs < b.atUs || (a.atUs === b.atUs && a.order < b.order);

/** A clock in whole microseconds that only moves when the next planned thing happens. */
export class Clock {
  #nowUs = 0;
  #order = 0;
  /** A binary heap: the children of i are 2i+1 and 2i+2, and none comes before its parent. */
  readonly #heap: Planned[] = [];

  /** Microseconds since the start. */
  get nowUs(): number {
    return this.#nowUs;
  }

  /** Whole milliseconds since the start: the time that machines are told. */
  get nowMs(): number {
    return Math.floor(this.#nowUs / 1000);
  }

  /** How many things are planned. */
  get planned(): number {
    return this.#heap.length;
  }

  /** Plans something `delayUs` (a whole number, not negative) from now. */
  after(delayUs: number, happen: () => void): void {
    if (!Number.isSafeInteger(delayUs) || delayUs < 0)
      throw new RangeError(`a delay is whole microseconds, not ${delayUs}`);
    this.#push({ atUs: this.#nowUs + delayUs, order: this.#order++, happen });
  }

  /** Plans something at a time since the start; a time that is past means now. */
  at(atUs: number, happen: () => void): void {
    this.after(Math.max(0, atUs - this.#nowUs), happen);
  }

  /** Moves to the next planned thing and lets it happen; false when nothing is planned. */
  tick(): boolean {
    const next = this.#pop();
    if (next === undefined) return false;
    this.#nowUs = next.atUs;
    next.happen();
    return true;
  }

  #push(planned: Planned): void {
    const heap = this.#heap;
    let at = heap.push(planned) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!before(planned, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = planned;
  }

  #pop(): Planned | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const moved = heap.pop();
    if (first === undefined || moved === undefined || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, moved)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = moved;
    return first;
  }
}
