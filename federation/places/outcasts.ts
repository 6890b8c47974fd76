/** Members whom the ban of a domain has put out: taken out of the store in pieces, since one write has no room for ten thousand. docs/spec/places.md#membership */
import { type Desk, lease } from '../desk.ts';
import { refusalIn } from '../inbox.ts';

/** Names of one write. */
const PIECE = 256;

/** Those of one place. */
export class Outcasts {
  readonly #place: string;
  readonly #desk: Desk;
  readonly #isBack: (person: string) => boolean;
  readonly #persons = new Set<string>();
  #isWriting = false;

  /** `isBack`: whether somebody is a member again, or about to be. */
  constructor(place: string, desk: Desk, isBack: (person: string) => boolean) {
    this.#place = place;
    this.#desk = desk;
    this.#isBack = isBack;
  }

  /** How many the store still names. */
  get count(): number {
    return this.#persons.size;
  }

  add(persons: readonly string[]): void {
    for (const person of persons) this.#persons.add(person);
    this.#write();
  }

  #write(): void {
    for (const person of this.#persons) if (this.#isBack(person)) this.#persons.delete(person);
    if (this.#isWriting || this.#persons.size === 0) return;
    this.#isWriting = true;
    const context = this.#place;
    const piece = [...this.#persons].slice(0, PIECE);
    const operations = piece.map((name) => ({ op: 'member', context, lease, name, sequence: 0 }) as const);
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      this.#isWriting = false;
      const isDone = outcome.kind === 'written' || refusalIn(outcome).again !== 'later';
      if (isDone) {
        for (const person of piece) this.#persons.delete(person);
        this.#write();
        return;
      }
      const { retryMsMax } = this.#desk.options.deliveryLimits;
      this.#desk.timer(`outcasts ${context}`, retryMsMax, () => this.#write());
    });
  }
}
