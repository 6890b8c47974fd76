/** What must be durable before anything is sent on: gathered, written in one go, acted on when it is there. docs/spec/listener-bots.md#durability */
import type { Slot, SpentMark } from './slots.ts';

/** A replay tag of 16 bytes, of the key with this name, until so many Unix seconds; null: as long as the key. */
export interface KeptTag {
  readonly key: string;
  readonly tag: Uint8Array;
  readonly untilSeconds: number | null;
}

/** What one opened cell leaves. */
export interface Leaving {
  readonly tag: KeptTag | null;
  readonly burnt: { readonly secret: Uint8Array; readonly mark: SpentMark } | null;
  readonly deposit: Slot | null;
}

/** What is to be written as one: tags and marks first, then the slot file; answered by `remembered` with the same number. */
export interface Batch {
  readonly batch: number;
  readonly tags: readonly KeptTag[];
  readonly marks: readonly SpentMark[];
  /** To be overwritten in place in the slot file. */
  readonly burnt: readonly Uint8Array[];
  readonly deposits: readonly Slot[];
}

interface Entry {
  readonly leaving: Leaving;
  readonly act: () => void;
}

/** One batch under way, and what waits for the next. */
export class Ledger {
  readonly #entriesMax: number;
  #waiting: Entry[] = [];
  #writing: Entry[] = [];
  #batch = 0;

  /** So many entries go into a batch at most. */
  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** Cells that wait for what they leave. */
  get length(): number {
    return this.#waiting.length + this.#writing.length;
  }

  /** Takes what an opened cell leaves, and what is to be done once that is durable. */
  add(leaving: Leaving, act: () => void): void {
    this.#waiting.push({ leaving, act });
  }

  /** The next batch to be written; null: nothing waits, or one is being written. */
  next(): Batch | null {
    if (this.#writing.length > 0 || this.#waiting.length === 0) return null;
    this.#writing = this.#waiting.splice(0, this.#entriesMax);
    const leavings = this.#writing.map(({ leaving }) => leaving);
    return {
      batch: ++this.#batch,
      tags: leavings.flatMap(({ tag }) => tag ?? []),
      marks: leavings.flatMap(({ burnt }) => burnt?.mark ?? []),
      burnt: leavings.flatMap(({ burnt }) => burnt?.secret ?? []),
      deposits: leavings.flatMap(({ deposit }) => deposit ?? []),
    };
  }

  /** The batch is durable: acts on it; or nobody knows: its cells are lost. Gives how many were lost. */
  answered(batch: number, isDurable: boolean): number {
    if (batch !== this.#batch) return 0;
    const written = this.#writing;
    this.#writing = [];
    if (!isDurable) return written.length;
    for (const { act } of written) act();
    return 0;
  }
}
