/** Who of the people here follows whom: each is told how it is with his friends. docs/spec/friends.md#presence */
import { entityOf, type Letter } from '../letter.ts';

/** By the one who is followed. */
export class Followers {
  readonly #followers = new Map<string, Set<string>>();
  readonly #followed = new Map<string, readonly string[]>();

  /** A person follows these, and nobody else any more. */
  follow(person: string, others: readonly string[]): void {
    for (const other of this.#followed.get(person) ?? []) {
      const followers = this.#followers.get(other);
      followers?.delete(person);
      if (followers?.size === 0) this.#followers.delete(other);
    }
    if (others.length === 0) this.#followed.delete(person);
    else this.#followed.set(person, others);
    for (const other of others) {
      const followers = this.#followers.get(other) ?? new Set();
      this.#followers.set(other, followers.add(person));
    }
  }

  /** Tells those who follow the person in whose context it is; with `friends`, only these. */
  tell({ routing }: Letter, friends: ReadonlySet<string> | undefined, tell: (person: string) => void): void {
    const followers = this.#followers.get(entityOf(routing.get('_context') ?? '')) ?? [];
    for (const person of [...followers]) if (friends?.has(person) !== false) tell(person);
  }
}
