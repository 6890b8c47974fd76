/** What was seen before: keyed fingerprints of whole cells in two generations. docs/spec/listener-bots.md#seen */
import type { Suite } from '../crypto/suite.ts';

/** Of which the first 8 count: shorter digests are not among those that libsodium makes. */
const DIGEST_BYTES = 16;
const ROOM_LEAST = 1_024;

/** A set of 64-bit numbers in two words, by open addressing; nobody outside can choose where one falls. */
class Generation {
  size = 0;
  #words = new Uint32Array(2 * ROOM_LEAST);

  has(high: number, low: number): boolean {
    return this.#words[this.#placeOf(this.#words, high, low) + 1] !== 0;
  }

  /** Takes what is not there yet. */
  add(high: number, low: number): void {
    if (4 * this.size >= this.#words.length) this.#grow();
    this.#put(this.#words, high, low);
    this.size++;
  }

  #put(words: Uint32Array, high: number, low: number): void {
    const at = this.#placeOf(words, high, low);
    words[at] = high;
    words[at + 1] = low;
  }

  /** Where it is, or would be: the low word is never 0 where something is. */
  #placeOf(words: Uint32Array, high: number, low: number): number {
    const mask = words.length - 1;
    let at = (2 * high) & mask;
    while (words[at + 1] !== 0 && (words[at] !== high || words[at + 1] !== low)) at = (at + 2) & mask;
    return at;
  }

  #grow(): void {
    const words = new Uint32Array(2 * this.#words.length);
    for (let at = 0; at < this.#words.length; at += 2) {
      if (this.#words[at + 1] !== 0) this.#put(words, this.#words[at]!, this.#words[at + 1]!);
    }
    this.#words = words;
  }
}

const wordAt = (bytes: Uint8Array, at: number): number =>
  ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;

/** The memory of one life of a listener. Forgetting is harmless: budgets bound a second flood, replay tags guard opening. */
export class SeenMemory {
  readonly #suite: Suite;
  /** Drawn anew in each life, so that nobody can make cells that look alike here. */
  readonly #key: Uint8Array;
  /** Written anew for each cell. */
  readonly #hash = new Uint8Array(DIGEST_BYTES);
  readonly #generationMs: number;
  readonly #cellsMax: number;
  #now = new Generation();
  #before = new Generation();
  #sinceMs: number;

  /** A generation lasts `generationMs`, or until it holds `cellsMax`. Draws a key of 32 bytes. */
  constructor(suite: Suite, generationMs: number, cellsMax: number, nowMs: number) {
    this.#suite = suite;
    this.#key = suite.random(32);
    this.#generationMs = generationMs;
    this.#cellsMax = cellsMax;
    this.#sinceMs = nowMs;
  }

  /** How many cells it knows. */
  get size(): number {
    return this.#now.size + this.#before.size;
  }

  /** Whether all 4096 bytes were there before; from now on they were. */
  isNew(cell: Uint8Array, nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= 2 * this.#generationMs) this.#before = this.#now = new Generation();
    if (nowMs - this.#sinceMs >= this.#generationMs || this.#now.size >= this.#cellsMax) {
      this.#before = this.#now;
      this.#now = new Generation();
      this.#sinceMs = nowMs;
    }
    this.#suite.blake2bInto(this.#hash, cell, this.#key);
    const high = wordAt(this.#hash, 0);
    const low = wordAt(this.#hash, 4) || 1;
    if (this.#now.has(high, low) || this.#before.has(high, low)) return false;
    this.#now.add(high, low);
    return true;
  }
}
