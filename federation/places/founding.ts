/** A place that is not there yet: whether somebody may make it is asked, and who comes behind him waits. docs/spec/places.md#methods */
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import { type Founders, founderOf, placesOf } from './founders.ts';
import { keepLetter, type Letter } from '../letter.ts';

/** How one place comes into being. */
export class Founding {
  readonly #place: string;
  readonly #desk: Desk;
  readonly #founders: Founders;
  /** Whose the place is that is not written yet; null: nobody may make it yet, or it is there. */
  #founder: string | null = null;
  /** What waits until it is known whether somebody may make the place; null: nobody asks. */
  #waiting: Letter[] | null = null;

  constructor(place: string, desk: Desk, founders: Founders) {
    this.#place = place;
    this.#desk = desk;
    this.#founders = founders;
  }

  /** Whether somebody has leave to make it. */
  get isGranted(): boolean {
    return this.#founder !== null;
  }

  /** Whether an answer is awaited: then everything that comes is for `hold`. */
  get isAsking(): boolean {
    return this.#waiting !== null;
  }

  get heldCount(): number {
    return this.#waiting?.length ?? 0;
  }

  /** Keeps a letter until it is known; what has no room is dropped, and comes again if it is numbered. */
  hold(letter: Letter): void {
    const { lettersMax } = this.#desk.options.federationLimits;
    if (this.#waiting !== null && this.#waiting.length < lettersMax) this.#waiting.push(keepLetter(letter));
  }

  /** Asks whether `source` may make it. `told` gets his letter: true, false, or null where the store does not tell; then `take` those behind him. */
  ask(
    letter: Letter,
    source: string,
    told: (letter: Letter, isGranted: boolean | null) => void,
    take: (letter: Letter) => void,
  ): void {
    const founder = founderOf(source, this.#desk.domain);
    let kept = letter;
    this.#waiting = [];
    this.#founders.ask(founder, this.#place, (isGranted) => {
      const waiting = this.#waiting ?? [];
      this.#waiting = null;
      if (isGranted === true) this.#founder = founder;
      told(kept, isGranted);
      for (const next of waiting) take(next);
    });
    if (this.#waiting !== null) kept = keepLetter(letter);
  }

  /** What is written with the first row: nothing of a place is durable before somebody has entered. */
  operations(): Operation[] {
    if (this.#founder === null) return [];
    return [{ op: 'member', context: placesOf(this.#founder), lease, name: this.#place, sequence: 1 }];
  }
}
