/** The order in which publications of one device enter a log here: behind the one that they follow, or, where that does not come, after a while without it. docs/spec/feeds.md#order */
import { hexOf } from '../../crypto/bytes.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { chainOf } from '../../publication/feed.ts';
import type { Deletion } from '../../publication/reference.ts';
import type { Desk } from '../desk.ts';
import { deletedRow } from './feed-deletion.ts';
import { type Entry, idInRow } from './feed-log.ts';
import { remember } from '../remember.ts';

/** Publications that are remembered to be in the log, the newest, and chains of which the store was asked for one. */
const KNOWN_MAX = 256;

/** What it needs of its feed. */
export interface OrderOwner {
  readonly context: string;
  readonly desk: Desk;
  /** Whether a publication is in the log, as far as that was read. */
  readonly has: (id: string) => boolean;
  /** Reads all of the log, then goes on; false: too much is being read. */
  readonly hold: (then: () => void) => boolean;
  /** Its turn has come. */
  readonly pass: (entry: Entry) => void;
  /** One before it is missing: whoever brought it may have that. */
  readonly missed: (from: string) => void;
}

interface Held {
  readonly entry: Entry;
  readonly untilMs: number;
}

/** Of one feed. */
export class FeedOrder {
  readonly #owner: OrderOwner;
  /** Ids of what is in the log, or on its way there. */
  readonly #known = new Map<string, true>();
  readonly #chains = new Map<string, true>();
  /** Chains of which the store is asked for the newest, and what waits for that. */
  readonly #looking = new Map<string, Entry[]>();
  #held: Held[] = [];

  constructor(owner: OrderOwner) {
    this.#owner = owner;
  }

  /** What waits. */
  get count(): number {
    return [...this.#looking.values()].reduce((sum, { length }) => sum + length, this.#held.length);
  }

  /** Takes what another server has brought; where there is no room it is settled as lost. */
  take(entry: Entry): void {
    const { deletes } = entry;
    if (deletes === null) {
      this.#enter(entry);
      return;
    }
    const isHeld = this.#owner.hold(() => {
      // It stands in for what it deletes: what follows that waits no longer, and shows no gap.
      if (!this.#isThere(hexOf(deletes.id))) this.#enter(deletedEntry(this.#owner.context, entry, deletes));
      this.#enter(entry);
    });
    if (!isHeld) entry.settled('lost', 0);
  }

  #enter(entry: Entry): void {
    const chain = hexOf(chainOf(entry.publication));
    if (!this.#isNext(entry) && !this.#chains.has(chain)) this.#look(chain, entry);
    else this.#judge(entry);
  }

  /** An author's own device has published it here: it is in the log, whatever else is missing. */
  publish(entry: Entry): void {
    this.#pass(entry);
    this.release();
  }

  /** What is held may be next by now. */
  release(): void {
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const { entry } = next;
      this.#held = this.#held.filter((other) => other.entry !== entry);
      this.#pass(entry);
    }
  }

  #pass(entry: Entry): void {
    const id = hexOf(entry.id);
    remember(this.#known, id, true, KNOWN_MAX);
    const settled: Entry['settled'] = (outcome, sequence) => {
      // What follows it waits for it again.
      if (outcome === 'lost') this.#known.delete(id);
      entry.settled(outcome, sequence);
    };
    this.#owner.pass({ ...entry, settled });
  }

  #next(): Held | undefined {
    return this.#held.find(({ entry }) => this.#isNext(entry));
  }

  #isNext({ publication: { counter, previous }, deletes }: Entry): boolean {
    const isBehind = counter === 1 || this.#isThere(hexOf(previous));
    return isBehind && (deletes === null || this.#isThere(hexOf(deletes.id)));
  }

  #isThere(id: string): boolean {
    return this.#known.has(id) || this.#owner.has(id);
  }

  #judge(entry: Entry): void {
    if (this.#isNext(entry)) {
      this.#pass(entry);
      this.release();
      return;
    }
    const { desk, missed } = this.#owner;
    const { lettersMax, feedHoldMs } = desk.options.federationLimits;
    const isHeld = this.#held.some((held) => equalBytes(held.entry.id, entry.id));
    if (isHeld || this.count >= lettersMax) entry.settled('lost', 0);
    else this.#held.push({ entry, untilMs: desk.nowMs + feedHoldMs });
    if (entry.from !== null) missed(entry.from);
    this.#wait();
  }

  /** What does not come keeps nobody waiting for ever: a gap is shown, and not hidden. */
  #wait(): void {
    const { context, desk } = this.#owner;
    const [first] = this.#held;
    if (first === undefined) return;
    desk.timer(`feed hold ${context}`, Math.max(0, first.untilMs - desk.nowMs), () => {
      const over = this.#held.filter(({ untilMs }) => untilMs <= desk.nowMs);
      this.#held = this.#held.filter((held) => !over.includes(held));
      const inOrder = over.toSorted((one, other) => one.entry.publication.counter - other.entry.publication.counter);
      for (const { entry } of inOrder) this.#pass(entry);
      this.release();
      this.#wait();
    });
  }

  #look(chain: string, entry: Entry): void {
    const { context, desk } = this.#owner;
    const waiting = this.#looking.get(chain);
    if (this.count >= desk.options.federationLimits.lettersMax) {
      entry.settled('lost', 0);
      return;
    }
    if (waiting !== undefined) {
      waiting.push(entry);
      return;
    }
    const entries = [entry];
    this.#looking.set(chain, entries);
    desk.ask({ kind: 'latest', context, author: chainOf(entry.publication) }, (outcome) => {
      this.#looking.delete(chain);
      if (outcome.kind !== 'rows') {
        for (const one of entries) one.settled('lost', 0);
        return;
      }
      remember(this.#chains, chain, true, KNOWN_MAX);
      const [row] = outcome.rows;
      if (row !== undefined) remember(this.#known, hexOf(idInRow(row)), true, KNOWN_MAX);
      for (const one of entries) this.#enter(one);
    });
  }
}

/** The row of what is deleted, at the place of that among what its device has published. */
const deletedEntry = (context: string, { publication, from }: Entry, deletion: Deletion): Entry => ({
  publication: { ...publication, ...deletion.fields },
  id: deletion.id,
  from,
  deletes: null,
  attachment: null,
  row: deletedRow(context, deletion, publication),
  settled: () => {},
});
