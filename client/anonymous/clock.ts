/** Cells that leave for the home on a clock: one has the message, the others are cover, and the home cannot tell which. docs/spec/people.md#cells-on-a-clock */
import { drawBelow } from '../../onion/chance.ts';
import type { Random } from '../../onion/keys.ts';
import { PoissonClock } from '../../onion/poisson.ts';
import { anonymousLimits } from './limits.ts';

/** What its owner wants. */
export interface ClockWish {
  /** Between two strikes. */
  readonly meanMs: number;
  /** So many strikes, a cell at each. */
  readonly cells: number;
}

/** Seals a cell of 4096 bytes, a new one each time. */
export type Make = (kind: 'message' | 'cover') => Uint8Array;

/** What it is told; strikes are numbered from 0. */
export type ClockEvent =
  | { readonly kind: 'wake' }
  /** The home has taken the cell of a strike. */
  | { readonly kind: 'taken'; readonly strike: number }
  /** The home has no room for it, and has forgotten it. */
  | { readonly kind: 'refused'; readonly strike: number };

/** What its shell does. */
export type ClockEffect =
  /** Hand it to the home, now, and without waiting for what became of others; answered by `taken` or `refused`. */
  | { readonly kind: 'hand'; readonly strike: number; readonly cell: Uint8Array }
  /** Give the event `wake` at this time. */
  | { readonly kind: 'wake'; readonly atMs: number }
  /** All have left and are answered; whether the message was taken. */
  | { readonly kind: 'over'; readonly isTaken: boolean };

/**
 * One message on one clock. At which strike it leaves is drawn before the first, each equally likely; how many there are and when
 * they come does not depend on it. Cells are sealed one strike ahead, so that no strike takes longer than another.
 */
export class CellClock {
  readonly #random: Random;
  readonly #wish: ClockWish;
  readonly #make: Make;
  readonly #clock: PoissonClock;
  readonly #unanswered = new Set<number>();
  /** The strike with the message. */
  #chosen: number;
  /** The next strike, and what leaves at it. */
  #strike = 0;
  #ready: Uint8Array;
  #isTaken = false;

  /** `nowMs`: a clock that only goes forward. Throws what `make` throws. */
  constructor(random: Random, wish: ClockWish, make: Make, nowMs: number) {
    this.#random = random;
    this.#wish = wish;
    this.#make = make;
    this.#chosen = drawBelow(random, wish.cells);
    this.#ready = this.#made();
    this.#clock = new PoissonClock(random, wish.meanMs, anonymousLimits.clockLateMsMax, nowMs);
  }

  /** When it is to be woken first. */
  get nextMs(): number {
    return this.#clock.nextMs;
  }

  /** Takes one event and gives the effects, in order. */
  step(event: ClockEvent, nowMs: number): readonly ClockEffect[] {
    if (event.kind === 'wake') return this.#wake(nowMs);
    this.#unanswered.delete(event.strike);
    if (event.strike === this.#chosen) {
      if (event.kind === 'taken') this.#isTaken = true;
      else this.#again();
    }
    return this.#isOver() ? [{ kind: 'over', isTaken: this.#isTaken }] : [];
  }

  #wake(nowMs: number): ClockEffect[] {
    const effects: ClockEffect[] = [];
    const { cells, meanMs } = this.#wish;
    for (let due = this.#clock.strikes(nowMs, meanMs); due > 0 && this.#strike < cells; due--) {
      effects.push({ kind: 'hand', strike: this.#strike, cell: this.#ready });
      this.#unanswered.add(this.#strike);
      this.#strike++;
      if (this.#strike < cells) this.#ready = this.#made();
    }
    if (this.#strike < cells) effects.push({ kind: 'wake', atMs: this.#clock.nextMs });
    return effects;
  }

  /** The message leaves at one of the strikes that are left, in a new cell: there are no more of them than there would have been. */
  #again(): void {
    const left = this.#wish.cells - this.#strike;
    if (left === 0) return;
    this.#chosen = this.#strike + drawBelow(this.#random, left);
    if (this.#chosen === this.#strike) this.#ready = this.#made();
  }

  #made(): Uint8Array {
    return this.#make(this.#strike === this.#chosen ? 'message' : 'cover');
  }

  #isOver(): boolean {
    return this.#strike === this.#wish.cells && this.#unanswered.size === 0;
  }
}
