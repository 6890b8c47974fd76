/** One-time secrets of this hop, found by their tags, burnt on use; and marks of those that are spent. docs/spec/listener-bots.md#slots */
import type { Suite } from '../crypto/suite.ts';
import { oneTimeTag } from '../onion/layer.ts';
import { spentMark } from '../onion/one-time.ts';
import { keyOfBytes } from '../psyc/bytes.ts';

/** A secret of 32 bytes, kept until so many Unix seconds. */
export interface Slot {
  readonly secret: Uint8Array;
  readonly untilSeconds: number;
}

/** What is kept of a spent secret: 16 bytes, until it would have expired. */
export interface SpentMark {
  readonly mark: Uint8Array;
  readonly untilSeconds: number;
}

/**
 * How long a secret is kept that comes while less than so many percent of all places are taken, of secrets or of marks. Anybody
 * may ask for secrets: who fills the first quarter keeps it for a week, but to keep others out he has to fill the last one every hour.
 */
const LIVES: readonly { readonly percent: number; readonly seconds: number }[] = [
  { percent: 25, seconds: 8 * 86_400 },
  { percent: 50, seconds: 86_400 },
  { percent: 75, seconds: 21_600 },
  { percent: 100, seconds: 3_600 },
];

/** The secrets that live and the marks of those that do not. */
export class Slots {
  readonly #suite: Suite;
  readonly #slotsMax: number;
  readonly #spentMax: number;
  /** By tag. */
  readonly #live = new Map<string, Slot>();
  readonly #spent = new Map<string, number>();

  constructor(suite: Suite, slotsMax: number, spentMax: number) {
    this.#suite = suite;
    this.#slotsMax = slotsMax;
    this.#spentMax = spentMax;
  }

  /** How many live, and how many are spent. */
  get size(): { readonly live: number; readonly spent: number } {
    return { live: this.#live.size, spent: this.#spent.size };
  }

  /** Takes what was durable when this life began. Gives the secrets that were spent: the slot file is behind, they are to be burnt again. */
  load(slots: readonly Slot[], spent: readonly SpentMark[]): Slot[] {
    for (const { mark, untilSeconds } of spent) this.#spent.set(keyOfBytes(mark), untilSeconds);
    return slots.filter((slot) => !this.#keep(slot));
  }

  /** The secret with this tag of 16 bytes, or null. */
  find(tag: Uint8Array): Uint8Array | null {
    // Asked of each new cell, and few servers keep any.
    return this.#live.size === 0 ? null : (this.#live.get(keyOfBytes(tag))?.secret ?? null);
  }

  /** Forgets a secret and its tag. Gives the mark to keep; null: it is burnt already, or there is no room for its mark. */
  burn(secret: Uint8Array): SpentMark | null {
    const tag = this.#tagOf(secret);
    const slot = this.#live.get(tag);
    if (slot === undefined || this.#spent.size >= this.#spentMax) return null;
    this.#live.delete(tag);
    const mark = spentMark(this.#suite, secret);
    this.#spent.set(keyOfBytes(mark), slot.untilSeconds);
    return { mark, untilSeconds: slot.untilSeconds };
  }

  /** Keeps a deposited secret; false: it is there, or spent, or there is no room: then it is ignored. */
  deposit(slot: Slot): boolean {
    return this.hasRoom && this.#keep(slot);
  }

  /** Whether one more can be kept. */
  get hasRoom(): boolean {
    return this.#live.size < this.#slotsMax;
  }

  /** For how many seconds a secret that comes now is kept at most. */
  get lifeSeconds(): number {
    const percent = 100 * Math.max(this.#live.size / this.#slotsMax, this.#spent.size / this.#spentMax);
    return (LIVES.find((life) => percent < life.percent) ?? LIVES.at(-1)!).seconds;
  }

  /** Forgets what has expired; gives those secrets, to be overwritten. */
  prune(nowSeconds: number): Slot[] {
    const over: Slot[] = [];
    for (const [tag, slot] of this.#live) {
      if (slot.untilSeconds > nowSeconds) continue;
      this.#live.delete(tag);
      over.push(slot);
    }
    for (const [mark, until] of this.#spent) if (until <= nowSeconds) this.#spent.delete(mark);
    return over;
  }

  #keep(slot: Slot): boolean {
    const tag = this.#tagOf(slot.secret);
    if (this.#live.has(tag) || this.#spent.has(keyOfBytes(spentMark(this.#suite, slot.secret)))) return false;
    this.#live.set(tag, slot);
    return true;
  }

  #tagOf(secret: Uint8Array): string {
    return keyOfBytes(oneTimeTag(this.#suite, secret));
  }
}
