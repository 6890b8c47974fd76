/** What is to leave: cells and routes, each when it is durable that what it is made of is not in the stock any more. docs/spec/round-trips.md#library */

/** One that may leave; answered by its number. */
export interface Leaving<Of> {
  readonly hand: number;
  readonly of: Of;
}

/** Those of one client; `Of`: what leaves. */
export class Handing<Of> {
  #hand = 0;
  /** Those that left and are not answered. */
  readonly #out = new Map<number, Of>();
  /** Those that wait, until this keeping is durable. */
  #held: (Leaving<Of> & { readonly keeping: number })[] = [];
  #keeping = 0;
  #kept = 0;
  #isChanged = false;

  /** The stock has changed: what is held from now on waits until that is kept. */
  changed(): void {
    this.#isChanged = true;
  }

  hold(of: Of): void {
    const keeping = this.#keeping + (this.#isChanged ? 1 : 0);
    this.#held.push({ keeping, hand: ++this.#hand, of });
  }

  /** The number under which the stock is to be kept now; null: it is what it was. */
  toKeep(): number | null {
    if (!this.#isChanged) return null;
    this.#isChanged = false;
    return ++this.#keeping;
  }

  kept(keeping: number): void {
    this.#kept = Math.max(this.#kept, keeping);
  }

  /** Those that may leave, of which `leaves` says which still do. */
  due(leaves: (of: Of) => boolean): readonly Leaving<Of>[] {
    const isDue = ({ keeping }: { readonly keeping: number }): boolean => keeping <= this.#kept;
    const due = this.#held.filter((held) => isDue(held) && leaves(held.of));
    this.#held = this.#held.filter((held) => !isDue(held));
    for (const { hand, of } of due) this.#out.set(hand, of);
    return due;
  }

  /** What it was that has been taken or refused; null: nothing that is out. */
  answered(hand: number): Of | null {
    const of = this.#out.get(hand) ?? null;
    this.#out.delete(hand);
    return of;
  }
}
