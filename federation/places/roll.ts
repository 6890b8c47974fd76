/** A list of members kept in the store: read page by page before its owner does anything, and again when it may have changed behind his back. docs/spec/places.md#membership */
import { backoffMs } from '../../circuit/backoff.ts';
import { SparseMap } from '../../psyc/sparse.ts';
import type { Desk } from '../desk.ts';
import { Hearers } from './hearers.ts';
import { domainOf, keepLetter, type Letter } from '../letter.ts';

const pageRows = 512;

const noMarks: ReadonlyMap<string, number> = new Map();

/** One for all: a closure made for each roll would keep the constructor's scope. */
const nothing = (): void => {};

/** The members of one context, as far as they are durable. */
export class Roll {
  /** Since when, by uniform. */
  readonly members = new SparseMap<string, number>();
  /** Members who live here: asked for every multicast, so that nobody looks at all of them. */
  readonly local = new Hearers();
  /** How many members each domain has. */
  readonly domains = new SparseMap<string, number>();
  /** The marks of the log, where they were asked for. */
  marks: ReadonlyMap<string, number> = noMarks;
  /** The records of the context, where they were asked for. */
  readonly records = new SparseMap<string, Uint8Array>();
  /** The log's newest sequence, as far as is known. */
  last = 0;
  readonly #context: string;
  readonly #desk: Desk;
  readonly #loaded: () => void;
  readonly #take: (letter: Letter) => void;
  readonly #settled: () => void;
  readonly #isWhole: boolean;
  #isKnown = false;
  #failures = 0;
  #held: Letter[] = [];
  /** What became durable since it is being read, of which a page may be older; null: it is not being read. */
  #meanwhile: { readonly members: Map<string, number>; readonly records: Map<string, Uint8Array> } | null = null;

  /**
   * `loaded` is called each time the list is known, then `take` with what was held meanwhile, then `settled`. `isWhole`:
   * marks and records of the context are read with it.
   */
  constructor(
    context: string,
    desk: Desk,
    loaded: () => void,
    take: (letter: Letter) => void,
    { settled = nothing, isWhole = false }: { settled?: () => void; isWhole?: boolean } = {},
  ) {
    this.#context = context;
    this.#desk = desk;
    this.#loaded = loaded;
    this.#take = take;
    this.#settled = settled;
    this.#isWhole = isWhole;
  }

  get isKnown(): boolean {
    return this.#isKnown;
  }

  get heldCount(): number {
    return this.#held.length;
  }

  /** Reads the list from the store. */
  load(): void {
    if (this.#meanwhile !== null) return;
    this.#isKnown = false;
    this.#meanwhile = { members: new Map(), records: new Map() };
    this.#read('', new Map());
  }

  /** A membership has become durable; 0: it has ended. */
  set(name: string, since: number): void {
    this.#meanwhile?.members.set(name, since);
    this.#put(name, since);
  }

  /** A record has become durable; no bytes: it is taken out. */
  setRecord(name: string, value: Uint8Array): void {
    this.#meanwhile?.records.set(name, value);
    if (value.length > 0) this.records.set(name, value);
    else this.records.delete(name);
  }

  /** Keeps a letter until the list is known; false: it has no room, and comes again if it is numbered. */
  hold(letter: Letter): boolean {
    const hasRoom = this.#held.length < this.#desk.options.federationLimits.lettersMax;
    if (hasRoom) this.#held.push(keepLetter(letter));
    return hasRoom;
  }

  #read(above: string, found: Map<string, number>): void {
    this.#desk.ask({ kind: 'members', context: this.#context, above, rowsMax: pageRows }, (outcome) => {
      if (outcome.kind !== 'members') {
        this.#again();
        return;
      }
      for (const { name, sequence } of outcome.members) found.set(name, sequence);
      if (outcome.members.length === pageRows) {
        this.#read(outcome.members.at(-1)!.name, found);
        return;
      }
      this.last = Math.max(this.last, outcome.last);
      if (this.#isWhole) this.#readMarks(found);
      else this.#know(found);
    });
  }

  #readMarks(found: ReadonlyMap<string, number>): void {
    this.#desk.ask({ kind: 'marks', context: this.#context }, (outcome) => {
      if (outcome.kind !== 'marks') {
        this.#again();
        return;
      }
      const { marks } = outcome;
      this.marks = marks.length === 0 ? noMarks : new Map(marks.map(({ name, sequence }) => [name, sequence]));
      this.#readRecords(found);
    });
  }

  #readRecords(found: ReadonlyMap<string, number>): void {
    this.#desk.ask({ kind: 'records', context: this.#context }, (outcome) => {
      if (outcome.kind !== 'records') {
        this.#again();
        return;
      }
      this.records.clear();
      for (const { name, value } of outcome.records) this.records.set(name, value);
      this.#know(found);
    });
  }

  #again(): void {
    const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
    const delayMs = backoffMs(this.#failures++, retryMsMin, retryMsMax);
    this.#desk.timer(`roll ${this.#context}`, delayMs, () => this.#read('', new Map()));
  }

  #know(found: ReadonlyMap<string, number>): void {
    this.#failures = 0;
    for (const name of [...this.members.keys()]) if (!found.has(name)) this.#put(name, 0);
    for (const [name, sequence] of found) this.#put(name, sequence);
    const { members, records } = this.#meanwhile!;
    this.#meanwhile = null;
    this.#isKnown = true;
    for (const [name, sequence] of members) this.#put(name, sequence);
    for (const [name, value] of records) this.setRecord(name, value);
    this.#loaded();
    const held = this.#held;
    this.#held = [];
    for (const letter of held) this.#take(letter);
    this.#settled();
  }

  #put(name: string, since: number): void {
    const change = Number(since > 0) - Number(this.members.has(name));
    if (since > 0) this.members.set(name, since);
    else this.members.delete(name);
    const domain = change === 0 ? null : domainOf(name);
    if (domain === null) return;
    const count = (this.domains.get(domain) ?? 0) + change;
    if (count > 0) this.domains.set(domain, count);
    else this.domains.delete(domain);
    if (domain !== this.#desk.domain) return;
    if (since > 0) this.local.add(name);
    else this.local.delete(name);
  }
}
