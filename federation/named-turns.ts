/** Turns by name: what is about one person, domain or box is done one after the other, what is about others at the same time. docs/spec/friends.md#at-home */
import { type Task, Turns } from './turns.ts';

/** Tasks there may be: of one name, of all together, and names. */
interface Room {
  readonly ofName: number;
  readonly all?: number;
  readonly names?: number;
}

/** The queues of those names that have something to do. */
export class NamedTurns {
  readonly #room: Required<Room>;
  readonly #turns = new Map<string, Turns>();
  #count = 0;

  constructor({ ofName, all = Infinity, names = Infinity }: Room) {
    this.#room = { ofName, all, names };
  }

  /** Names that have something to do. */
  get size(): number {
    return this.#turns.size;
  }

  /** Tasks of all names, with those under way. */
  get count(): number {
    return this.#count;
  }

  /** Tasks of the name that has most. */
  get longest(): number {
    return [...this.#turns.values()].reduce((most, { count }) => Math.max(most, count), 0);
  }

  /** Does it now, or after what is waiting under this name; it says when it is done. False: there is no room. */
  take(name: string, task: Task): boolean {
    const { ofName, all, names } = this.#room;
    const known = this.#turns.get(name);
    if (this.#count >= all || (known === undefined && this.#turns.size >= names)) return false;
    const turns = known ?? new Turns(ofName);
    if (turns.count >= ofName) return false;
    this.#turns.set(name, turns);
    this.#count++;
    return turns.take((over) =>
      task(() => {
        this.#count--;
        over();
        if (turns.count === 0 && this.#turns.get(name) === turns) this.#turns.delete(name);
      }),
    );
  }
}
