/** The local members of a context, and the circuits on which they hear it: found once, and again only when something has changed. docs/spec/places.md#audiences */
import { SparseSet } from '../../psyc/sparse.ts';

const none: readonly string[] = [];

/** Persons of this node; iterated in the order in which they came. */
export class Hearers {
  readonly #persons = new SparseSet<string>();
  #circuits: readonly string[] = none;
  /** The stamp under which the circuits were found; null: the persons have changed since. */
  #stamp: number | null = null;

  get size(): number {
    return this.#persons.size;
  }

  add(person: string): void {
    this.#persons.add(person);
    this.#stamp = null;
  }

  delete(person: string): void {
    this.#persons.delete(person);
    this.#stamp = null;
  }

  [Symbol.iterator](): Iterator<string> {
    return this.#persons[Symbol.iterator]();
  }

  /** The names of their circuits. `stamp` changes whenever somebody's circuits do; `find` adds those of one person. */
  circuits(stamp: number, find: (person: string, circuits: string[]) => void): readonly string[] {
    if (this.#stamp === stamp) return this.#circuits;
    const circuits: string[] = [];
    for (const person of this.#persons) find(person, circuits);
    this.#circuits = circuits;
    this.#stamp = stamp;
    return circuits;
  }
}
