/** Where the boxes of a pigeonhole are kept: a place of their own for each, used again and again, and a list of which is whose name. docs/spec/pigeonhole.md#store */
import { backoffMs } from '../../circuit/backoff.ts';
import { type Box, parseBox } from '../../services/pigeonhole/box.ts';
import { recourse } from '../../store/errors.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';

const pageRows = 512;

/** One box on the disk. */
interface BoxFile {
  readonly box: Box;
  /** The newest sequence of its log. */
  readonly last: number;
  readonly context: string;
}

/** Those of one domain, by the boxes' names in hexadecimal. */
export class BoxFiles {
  readonly #list: string;
  readonly #desk: Desk;
  /** The place of each, from 1 on. */
  readonly #places = new Map<string, number>();
  readonly #taken = new Set<number>();
  #isKnown = false;
  /** How often something was tried again: each has a timer of its own. */
  #retries = 0;

  /** `list`: the context that names them all. */
  constructor(list: string, desk: Desk) {
    this.#list = list;
    this.#desk = desk;
  }

  /** Whether it is known which there are. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** How many there are, with those that are being made. */
  get count(): number {
    return this.#taken.size;
  }

  has(name: string): boolean {
    return this.#places.has(name);
  }

  names(): string[] {
    return [...this.#places.keys()];
  }

  /** Reads the list, until the store tells. */
  load(known: () => void, above = '', failures = 0): void {
    this.#desk.ask({ kind: 'members', context: this.#list, above, rowsMax: pageRows }, (outcome) => {
      if (outcome.kind !== 'members') {
        this.#later(failures, () => this.load(known, above, failures + 1));
        return;
      }
      for (const { name, sequence } of outcome.members) {
        this.#places.set(name, sequence);
        this.#taken.add(sequence);
      }
      if (outcome.members.length === pageRows) this.load(known, outcome.members.at(-1)!.name);
      else {
        this.#isKnown = true;
        known();
      }
    });
  }

  /** null: there is none of this name. */
  read(name: string, found: (file: BoxFile | 'later' | null) => void): void {
    const place = this.#places.get(name);
    if (place === undefined) {
      found(null);
      return;
    }
    const context = this.#contextOf(place);
    this.#desk.ask({ kind: 'records', context }, (outcome) => {
      if (outcome.kind !== 'records') {
        found('later');
        return;
      }
      const value = outcome.records[0]?.value;
      // The last life had emptied it, and no time for the list.
      if (value === undefined) this.remove(name, (isGone) => found(isGone ? null : 'later'));
      else {
        const box = parseBox(value);
        found(box === null ? 'later' : { box, last: outcome.last, context });
      }
    });
  }

  /** A new one, with this record; false: there is no room on the disk. */
  make(name: string, value: Uint8Array, made: (isMade: boolean) => void): void {
    let place = 1;
    while (this.#taken.has(place)) place++;
    this.#taken.add(place);
    const context = this.#contextOf(place);
    const operations: Operation[] = [
      { op: 'record', context, lease, name: 'box', value },
      { op: 'member', context: this.#list, lease, name, sequence: place },
    ];
    this.write(context, operations, (isWritten) => {
      if (isWritten) this.#places.set(name, place);
      else this.#taken.delete(place);
      made(isWritten);
    });
  }

  /** Empties its place, and then takes it out of the list: whoever gets the place next finds it empty. */
  remove(name: string, removed: (isGone: boolean) => void, failures = 0): void {
    const place = this.#places.get(name)!;
    const context = this.#contextOf(place);
    this.#desk.ask({ kind: 'erase', contexts: [context], lease }, (outcome) => {
      if (outcome.kind !== 'erased') {
        if (outcome.kind === 'refused' && recourse(outcome.code) !== 'later') removed(false);
        else this.#later(failures, () => this.remove(name, removed, failures + 1));
        return;
      }
      this.write(context, [{ op: 'member', context: this.#list, lease, name, sequence: 0 }], (isWritten) => {
        if (isWritten) {
          this.#places.delete(name);
          this.#taken.delete(place);
        }
        removed(isWritten);
      });
    });
  }

  /** Until it is known whether it is durable: false is never. `context`: about which nothing else is asked meanwhile. */
  write(context: string, operations: readonly Operation[], written: (isWritten: boolean) => void, failures = 0): void {
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      // Nobody knows what became of it: the same once more tells.
      if (outcome.kind === 'refused' && outcome.code === '_store_lost')
        this.#later(failures, () => this.write(context, operations, written, failures + 1));
      else written(outcome.kind === 'written');
    });
  }

  #contextOf(place: number): string {
    return `box ${place} of ${this.#list}`;
  }

  #later(failures: number, again: () => void): void {
    const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`pigeonhole ${++this.#retries}`, backoffMs(failures, retryMsMin, retryMsMax), again);
  }
}
