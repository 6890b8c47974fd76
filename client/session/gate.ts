/** Effects in order, held back while the state that stands before them is not durable. docs/spec/people.md#kept */
import type { SessionEffect } from './events.ts';
import type { Keeping } from './kept.ts';

/** Where all effects of a session go through. */
export class Gate {
  #ready: SessionEffect[] = [];
  #held: SessionEffect[] = [];
  #keepings = 0;
  #awaited: number | null = null;

  /** How many effects are held. */
  get size(): number {
    return this.#held.length;
  }

  add(effect: SessionEffect): void {
    if (this.#awaited !== null) this.#held.push(effect);
    else {
      this.#ready.push(effect);
      if (effect.kind === 'keep') this.#awaited = effect.keeping;
    }
  }

  /** Whatever is added from now on happens after this is durable. */
  keep(change: Keeping): void {
    this.add({ kind: 'keep', keeping: ++this.#keepings, change });
  }

  /** It is durable: what was held goes on, up to the next that must be kept. */
  kept(keeping: number): void {
    if (keeping !== this.#awaited) return;
    this.#awaited = null;
    const held = this.#held;
    this.#held = [];
    for (const effect of held) this.add(effect);
  }

  /** What may be done now. */
  take(): SessionEffect[] {
    const ready = this.#ready;
    this.#ready = [];
    return ready;
  }
}
