/** Opened cells that wait as long as their senders wished. docs/spec/listener-bots.md#delays */

interface Waiting {
  readonly atMs: number;
  readonly onion: Uint8Array;
}

/** Sorted by the time at which each may go on. */
export class Delayed {
  readonly #cellsMax: number;
  #waiting: Waiting[] = [];

  constructor(cellsMax: number) {
    this.#cellsMax = cellsMax;
  }

  /** How many wait. */
  get length(): number {
    return this.#waiting.length;
  }

  /** When the first may go on; Infinity: none waits. */
  get nextMs(): number {
    return this.#waiting[0]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  /** Takes an onion; false: there is no room. */
  add(onion: Uint8Array, atMs: number): boolean {
    if (this.#waiting.length >= this.#cellsMax) return false;
    const at = this.#waiting.findLastIndex((other) => other.atMs <= atMs);
    this.#waiting.splice(at + 1, 0, { atMs, onion });
    return true;
  }

  /** Those whose time has come. */
  take(nowMs: number): Uint8Array[] {
    const count = this.#waiting.findIndex(({ atMs }) => atMs > nowMs);
    return this.#waiting.splice(0, count === -1 ? this.#waiting.length : count).map(({ onion }) => onion);
  }
}
