/** What waits for one link: forwards before all else, and no incoming link may fill it. docs/spec/listener-bots.md#queues */

/** A cell under way. The bytes are shared by all queues that hold it. */
export interface Queued {
  readonly cell: Uint8Array;
  readonly sinceMs: number;
  /** The link that brought it; '' for what this server put out itself. */
  readonly from: string;
}

/** One link's. */
export class LinkQueue {
  readonly #cellsMax: number;
  readonly #queuedMsMax: number;
  #forwards: Queued[] = [];
  #cells: Queued[] = [];
  /** How many each incoming link has here; counted only where something has to be dropped, until the queue is half empty again. */
  #counts: Map<string, number> | null = null;

  constructor(cellsMax: number, queuedMsMax: number) {
    this.#cellsMax = cellsMax;
    this.#queuedMsMax = queuedMsMax;
  }

  /** How many wait. */
  get length(): number {
    return this.#forwards.length + this.#cells.length;
  }

  /** Puts a cell at the end. Gives how many were dropped for it: the newest from the incoming link that holds most of the queue. */
  add(queued: Queued): number {
    this.#cells.push(queued);
    return this.#count(queued);
  }

  /** Puts a cell at the head, behind other forwards; where it waits already it only moves. Gives how many were dropped. */
  addForward(queued: Queued): number {
    if (this.#forwards.some(({ cell }) => cell === queued.cell)) return 0;
    this.#forwards.push(queued);
    const at = this.#cells.findLastIndex(({ cell }) => cell === queued.cell);
    if (at === -1) return this.#count(queued);
    this.#cells.splice(at, 1);
    return 0;
  }

  /** The next one, and how many before it had waited too long; null: there is none. */
  take(nowMs: number): { readonly next: Queued | null; readonly expired: number } {
    let expired = 0;
    for (;;) {
      const next = this.#forwards.shift() ?? this.#cells.shift() ?? null;
      if (next === null) return { next, expired };
      this.#uncount(next);
      if (nowMs - next.sinceMs <= this.#queuedMsMax) return { next, expired };
      expired++;
    }
  }

  #count(queued: Queued): number {
    if (this.#counts !== null) countOne(this.#counts, queued);
    if (this.length <= this.#cellsMax) return 0;
    if (this.#counts === null) {
      this.#counts = new Map();
      for (const one of [...this.#forwards, ...this.#cells]) countOne(this.#counts, one);
    }
    let [most, greatest] = ['', -1];
    for (const [from, count] of this.#counts) if (count > greatest) [most, greatest] = [from, count];
    const list = this.#cells.some(({ from }) => from === most) ? this.#cells : this.#forwards;
    const at = list.findLastIndex(({ from }) => from === most);
    this.#uncount(list[at]!);
    list.splice(at, 1);
    return 1;
  }

  #uncount({ from }: Queued): void {
    if (this.#counts === null) return;
    const count = this.#counts.get(from)! - 1;
    if (count === 0) this.#counts.delete(from);
    else this.#counts.set(from, count);
    if (2 * this.length < this.#cellsMax) this.#counts = null;
  }
}

function countOne(counts: Map<string, number>, { from }: Queued): void {
  counts.set(from, (counts.get(from) ?? 0) + 1);
}
