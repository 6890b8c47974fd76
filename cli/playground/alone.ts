/** Who is at the prompt of `p3do chat`, and whom he has heard. docs/spec/people.md#prompt */
import type { Company } from './play.ts';

/** So many people are completed by their names: those who were heard last. */
const PEOPLE_MAX = 1_000;

/** One person at a prompt, and whom he has heard. */
export class Alone implements Company {
  readonly guest: Company['guest'];
  readonly place = null;
  readonly #first: string | null;
  readonly #people = new Set<string>();

  /** `first`: somebody whom he knows already. */
  constructor(guest: Company['guest'], first: string | null) {
    this.guest = guest;
    this.#first = first;
    if (first !== null) this.#people.add(first);
  }

  get people(): readonly string[] {
    return [...this.#people];
  }

  get named(): readonly string[] {
    const { domain } = this.guest.whose;
    return this.people.filter((one) => one === this.#first || one.startsWith(`psyc://${domain}/`));
  }

  /** Somebody was heard; who is no person is passed over. */
  note(author: string): void {
    if (!author.includes('/~')) return;
    this.#people.delete(author);
    this.#people.add(author);
    for (const one of this.#people) {
      if (this.#people.size <= PEOPLE_MAX) break;
      this.#people.delete(one);
    }
  }

  /** Nobody is bound to answer. */
  answered(): Promise<void> {
    return Promise.resolve();
  }
}
