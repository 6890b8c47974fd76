/** What a home writes down of an account beside its keys: that it is there, since when, and on which day it was last used. docs/spec/leaving.md#accounts */
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { record, type Records } from '../records.ts';
import { nodeUniform } from '../waking.ts';

const DAY_MS = 86_400_000;
const PREFIX = 'account of ';

/** The context of which the node is a member while the account is there: so all of them are found, page by page, in the order of their names. */
export const accountOf = (person: string): string => `${PREFIX}${person}`;

/** The person in the name of such a context; null: it is another. */
export const accountIn = (context: string): string | null =>
  context.startsWith(PREFIX) ? context.slice(PREFIX.length) : null;

/** Has an account found, or no more. */
export const listing = (person: string, { domain }: Desk, isThere: boolean): Operation => ({
  op: 'member',
  context: accountOf(person),
  lease,
  name: nodeUniform(domain),
  sequence: isThere ? 1 : 0,
});

/** The day, as Unix milliseconds of its beginning: when exactly somebody was here is nobody's business. */
const dayOf = ({ unixMs }: Desk): number => unixMs - (unixMs % DAY_MS);

/** Somebody registers. */
export const openedOperations = (person: string, desk: Desk): Operation[] => [
  record(person, 'created', encodeText(String(dayOf(desk)))),
  ...seenOperations(person, desk),
];

/** Somebody logs in. Accounts from before they were listed are so from now on. */
const seenOperations = (person: string, desk: Desk): Operation[] => [
  record(person, 'seen', encodeText(String(dayOf(desk)))),
  listing(person, desk, true),
];

/** A record of time, in Unix milliseconds; null: there is none. */
export function timeIn(records: Records, name: 'created' | 'seen' | 'frozen'): number | null {
  const value = records.get(name);
  return value === undefined ? null : Number(decodeText(value));
}

/** What is known of one account, while its person is awake. */
export class Account {
  readonly #person: string;
  readonly #desk: Desk;
  #frozenMs: number | null = null;
  #seenMs: number | null = null;

  constructor(person: string, desk: Desk) {
    this.#person = person;
    this.#desk = desk;
  }

  /** Whether the admin lets nobody in. */
  get isFrozen(): boolean {
    return this.#frozenMs !== null;
  }

  /** The person's records have been read. */
  loaded(records: Records): void {
    this.#frozenMs = timeIn(records, 'frozen');
    this.#seenMs = timeIn(records, 'seen');
  }

  /** Somebody is in: the day is written down, once; a store that fails has it on another day. */
  seen(): void {
    const dayMs = dayOf(this.#desk);
    if (this.#seenMs === dayMs) return;
    this.#seenMs = dayMs;
    this.#desk.ask({ kind: 'write', operations: seenOperations(this.#person, this.#desk) }, () => {});
  }

  /** Nobody is let in any more, or again; null: that is durable. Whoever asks does it while nothing else is under way. */
  freeze(isFrozen: boolean, done: (code: FederationCode | null) => void): void {
    const frozenMs = isFrozen ? this.#desk.unixMs : null;
    const value = encodeText(frozenMs === null ? '' : String(frozenMs));
    this.#desk.ask({ kind: 'write', operations: [record(this.#person, 'frozen', value)] }, (outcome) => {
      // Where nobody knows, it holds as it is feared.
      if (outcome.kind === 'written' || isFrozen) this.#frozenMs = frozenMs;
      done(outcome.kind === 'written' ? null : '_trust_unavailable');
    });
  }
}
