/** A list of members kept in the store: read page by page before its owner does anything, and again when it may have changed behind his back. docs/spec/federation.md#membership */
import { backoffMs } from '../circuit/backoff.ts';
import type { Desk } from './desk.ts';
import { domainOf, keepLetter, type Letter } from './letter.ts';

const pageRows = 512;

/** The members of one context, as far as they are durable. */
export class Roll {
  /** Since when, by uniform. */
  readonly members = new Map<string, number>();
  /** Members of this domain, once somebody asked; null: they may have changed since. */
  #local: readonly string[] | null = null;
  /** The log's newest sequence, as far as is known. */
  last = 0;
  readonly #context: string;
  readonly #desk: Desk;
  readonly #loaded: () => void;
  readonly #take: (letter: Letter) => void;
  #phase: 'new' | 'reading' | 'known' = 'new';
  #failures = 0;
  #held: Letter[] = [];
  /** What became durable while the list is being read: the page may be older. */
  readonly #changes = new Map<string, number>();

  /** `loaded` is called each time the list is known, then `take` with what was held meanwhile. */
  constructor(context: string, desk: Desk, loaded: () => void, take: (letter: Letter) => void) {
    this.#context = context;
    this.#desk = desk;
    this.#loaded = loaded;
    this.#take = take;
  }

  get isKnown(): boolean {
    return this.#phase === 'known';
  }

  get heldCount(): number {
    return this.#held.length;
  }

  /** The members who live here: asked for every multicast, so that it must not look at everybody. */
  get local(): readonly string[] {
    this.#local ??= [...this.members.keys()].filter((person) => domainOf(person) === this.#desk.domain);
    return this.#local;
  }

  /** Reads the list from the store. */
  load(): void {
    if (this.#phase === 'reading') return;
    this.#phase = 'reading';
    this.#read('', new Map());
  }

  /** A membership has become durable; 0: it has ended. */
  set(name: string, since: number): void {
    if (this.#phase === 'reading') this.#changes.set(name, since);
    if (this.members.has(name) !== since > 0) this.#local = null;
    if (since === 0) this.members.delete(name);
    else this.members.set(name, since);
  }

  /** Keeps a letter until the list is known; what has no room is dropped, and comes again if it is numbered. */
  hold(letter: Letter): void {
    if (this.#held.length < this.#desk.options.federationLimits.lettersMax) this.#held.push(keepLetter(letter));
  }

  #read(above: string, found: Map<string, number>): void {
    this.#desk.ask({ kind: 'members', context: this.#context, above, rowsMax: pageRows }, (outcome) => {
      if (outcome.kind !== 'members') {
        const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
        const delayMs = backoffMs(this.#failures++, retryMsMin, retryMsMax);
        this.#desk.timer(`roll ${this.#context}`, delayMs, () => this.#read('', new Map()));
        return;
      }
      this.#failures = 0;
      for (const { name, sequence } of outcome.members) found.set(name, sequence);
      if (outcome.members.length === pageRows) {
        this.#read(outcome.members.at(-1)!.name, found);
        return;
      }
      this.members.clear();
      this.#local = null;
      for (const [name, sequence] of found) this.members.set(name, sequence);
      this.last = Math.max(this.last, outcome.last);
      this.#phase = 'known';
      for (const [name, sequence] of this.#changes) this.set(name, sequence);
      this.#changes.clear();
      this.#loaded();
      const held = this.#held;
      this.#held = [];
      for (const letter of held) this.#take(letter);
    });
  }
}
