/** Cells that leave for the home on a clock: some have the message, the others are cover, and the home cannot tell which. docs/spec/people.md#cells-on-a-clock */
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
  /** In so many cells the message is, at most as many as there are strikes; and so many of them are needed. */
  readonly parts: number;
  readonly needed: number;
}

/** Seals a cell of 4096 bytes, a new one each time: of a part of the message, by its number from 0; null: cover. */
export type Make = (part: number | null) => Uint8Array;

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
  /** All have left and are answered; whether as much of the message was taken as is needed. */
  | { readonly kind: 'over'; readonly isTaken: boolean };

/**
 * One message on one clock. At which strikes its parts leave is drawn before the first, all sets equally likely; how many strikes
 * there are and when they come does not depend on it. Cells are sealed one strike ahead, so that no strike takes longer than another.
 */
export class CellClock {
  readonly #random: Random;
  readonly #wish: ClockWish;
  readonly #make: Make;
  readonly #clock: PoissonClock;
  readonly #unanswered = new Set<number>();
  /** Parts by the strikes they leave at, or have left at. */
  readonly #chosen = new Map<number, number>();
  /** The next strike, and what leaves at it. */
  #strike = 0;
  #ready: Uint8Array;
  #taken = 0;

  /** `nowMs`: a clock that only goes forward. Throws what `make` throws. */
  constructor(random: Random, wish: ClockWish, make: Make, nowMs: number) {
    this.#random = random;
    this.#wish = wish;
    this.#make = make;
    for (let part = 0; part < wish.parts; part++) this.#choose(part);
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
    const part = this.#chosen.get(event.strike);
    if (part !== undefined) {
      if (event.kind === 'taken') this.#taken++;
      else if (this.#choose(part) === this.#strike) this.#ready = this.#made();
    }
    return this.#isOver() ? [{ kind: 'over', isTaken: this.#taken >= this.#wish.needed }] : [];
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

  /** A part leaves at one of the strikes that are left and have none, in a new cell: there are no more of them than there would have been. Gives the strike; null: none is left. */
  #choose(part: number): number | null {
    const left: number[] = [];
    for (let strike = this.#strike; strike < this.#wish.cells; strike++)
      if (!this.#chosen.has(strike)) left.push(strike);
    if (left.length === 0) return null;
    const strike = left[drawBelow(this.#random, left.length)]!;
    this.#chosen.set(strike, part);
    return strike;
  }

  #made(): Uint8Array {
    return this.#make(this.#chosen.get(this.#strike) ?? null);
  }

  #isOver(): boolean {
    return this.#strike === this.#wish.cells && this.#unanswered.size === 0;
  }
}
