/** How an account is closed: one write, after which nobody lives there; then everything of it goes, and its places are left. docs/spec/leaving.md#closing */
import { accountOf } from './account.ts';
import type { PkiAnswer } from '../keys/pki.ts';
import { backoffMs } from '../../circuit/backoff.ts';
import { inherits } from '../../psyc/keyword.ts';
import { SparseSet } from '../../psyc/sparse.ts';
import { parseEntity } from '../../psyc/uniform.ts';
import { feedOf } from '../../publication/feed.ts';
import type { Operation } from '../../store/store.ts';
import { attachmentContexts } from '../feeds/attachment-files.ts';
import { cabinetOf } from './cabinet.ts';
import { circleOf } from './circle.ts';
import { type Desk, lease } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { placesOf } from '../places/founders.ts';
import { pairOf } from './friendship.ts';
import { domainOf, isEcho, isRefusal, type Letter, newLetter } from '../letter.ts';
import { officesOf } from '../places/place-state.ts';
import { announcedBy } from './presence.ts';
import { visitsOf } from '../visitors/visit-reports.ts';
import { closingOf, leftOf, LEAVING, type Tombstone } from './tombstone.ts';

/** Memberships, and others, of one page. */
const PAGE_ROWS = 256;

/** What came of it: it is durable; or a code; or nobody knows, and it is asked again. */
export type Closed = 'closed' | 'unknown' | FederationCode;

/** What closing needs of its person. */
export interface ClosingOwner {
  readonly uniform: string;
  readonly desk: Desk;
  /** Whether nothing of the person's is on its way to the store: it would be written behind the erasure. */
  readonly isQuiet: boolean;
  readonly residence: {
    /** What is left of him. */
    readonly tombstone: Tombstone | null;
    /** Nobody knows whether it is closed: the store is to be asked. */
    look(): void;
  };
  /** Everything is done. */
  gone(): void;
}

/** From the write that closes an account until nothing of it is left. */
export class Closing {
  readonly #owner: ClosingOwner;
  #isLeaving = false;
  #failures = 0;
  /** The places of the page under way, each until it is left. */
  #left = new SparseSet<string>();

  constructor(owner: ClosingOwner) {
    this.#owner = owner;
  }

  /** Whether it has something to do. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  /**
   * Closes: `key` is the identity's public key, in which the identity itself has taken this name back; with `isByAdmin` as
   * it is kept, and only our own word is taken back.
   */
  close(key: Uint8Array, fingerprint: Uint8Array, isByAdmin: boolean, done: (outcome: Closed) => void): void {
    const { uniform, desk } = this.#owner;
    const closed = (answer: PkiAnswer): void => {
      if (answer.kind !== 'closed') {
        const code = answer.kind === 'refused' ? answer.code : '';
        done(code === '_trust_changed_key' || code === '_trust_unavailable' ? code : '_necessary_revocation');
        return;
      }
      desk.ask({ kind: 'write', operations: closingOf(uniform, fingerprint, answer.key, desk) }, (outcome) => {
        done(outcome.kind === 'written' ? 'closed' : 'unknown');
        if (outcome.kind !== 'written') this.#owner.residence.look();
      });
    };
    desk.askPki({ kind: 'close', person: uniform, key, member: fingerprint, isByAdmin }, closed, 'ours');
  }

  /** Begins with what is left to do, or goes on with it after a start. */
  leave(): void {
    if (this.#isLeaving) return;
    this.#isLeaving = true;
    this.#erase(() => this.#nextPlaces());
  }

  /** An answer of a place that was asked to let go. */
  answered({ routing, packet }: Letter): void {
    const place = routing.get('_source') ?? '';
    if (!this.#left.has(place) || routing.get('_target') !== this.#channel) return;
    const { method } = packet;
    // Who knows nothing of it, or does not answer for days: here it ends in any case. What may yet come is waited for.
    const isOver = isRefusal(method) && !inherits(method!, '_failure');
    // A place elsewhere that says it is done and means nothing by it is left here all the same.
    if (isEcho(method) || isOver || method === '_failure_delivery_timeout') this.#forget(place);
  }

  /** Tries again after a while, longer each time. */
  #again(what: () => void): void {
    const { uniform, desk } = this.#owner;
    const { retryMsMin, retryMsMax } = desk.options.deliveryLimits;
    desk.timer(`closing ${uniform}`, backoffMs(this.#failures++, retryMsMin, retryMsMax), () => {
      if (this.#isLeaving) what();
    });
  }

  /** Everything that this domain keeps under the person's name; `isLast`: also which places have to be told. */
  #erase(then: () => void, isLast = false): void {
    const { uniform, desk } = this.#owner;
    const again = (): void => this.#again(() => this.#erase(then, isLast));
    if (!this.#owner.isQuiet) {
      again();
      return;
    }
    this.#others('', [], (others) => {
      if (others === null) again();
      else
        attachmentContexts(desk, feedOf(uniform), (files) => {
          if (files === null) again();
          else this.#eraseAll(others, files, isLast, again, then);
        });
    });
  }

  /** `files`: contexts of what belongs to his publications, their list the last. */
  #eraseAll(
    others: readonly string[],
    files: readonly string[],
    isLast: boolean,
    again: () => void,
    then: () => void,
  ): void {
    const { uniform, desk } = this.#owner;
    const own = [
      uniform,
      accountOf(uniform),
      cabinetOf(uniform),
      circleOf(uniform),
      announcedBy(uniform),
      visitsOf(uniform),
      placesOf(uniform),
      feedOf(uniform),
    ];
    if (isLast) own.push(officesOf(uniform));
    // What others are known by goes last: else nobody would know which pairs are left.
    const pairs = others.map((other) => pairOf(uniform, other));
    const steps = [...pages(pairs), ...pages(files), own];
    const goOn = (at: number): void => {
      const contexts = steps[at];
      if (contexts === undefined) {
        this.#failures = 0;
        then();
        return;
      }
      desk.ask({ kind: 'erase', contexts, lease }, (outcome) => {
        if (outcome.kind === 'erased') goOn(at + 1);
        else again();
      });
    };
    goOn(0);
  }

  #others(above: string, found: readonly string[], done: (others: readonly string[] | null) => void): void {
    const { uniform, desk } = this.#owner;
    desk.ask({ kind: 'members', context: circleOf(uniform), above, rowsMax: PAGE_ROWS }, (outcome) => {
      if (outcome.kind !== 'members') {
        done(null);
        return;
      }
      const all = [...found, ...outcome.members.map(({ name }) => name)];
      if (outcome.members.length < PAGE_ROWS) done(all);
      else this.#others(all.at(-1)!, all, done);
    });
  }

  /** Asks the places of a page to let go; when none is left, it is over. */
  #nextPlaces(above = ''): void {
    const { uniform, desk } = this.#owner;
    const asked = { kind: 'memberships', member: uniform, above, rowsMax: PAGE_ROWS } as const;
    desk.ask(asked, (outcome) => {
      if (outcome.kind !== 'memberships') {
        this.#again(() => this.#nextPlaces(above));
        return;
      }
      const { contexts } = outcome;
      // Others list him as well: whose friend he was, which is their affair.
      const places = contexts.filter(isPlace);
      const late = this.#isLate ? places.filter((place) => domainOf(place) !== desk.domain) : [];
      if (late.length > 0) this.#forgetLate(late);
      else if (places.length > 0) this.#ask(places);
      else if (contexts.length === PAGE_ROWS) this.#nextPlaces(contexts.at(-1));
      else this.#nextOffices();
    });
  }

  /** Asks places of this domain where he had an office, or was invited, and is no member. */
  #nextOffices(): void {
    const { uniform, desk } = this.#owner;
    const asked = { kind: 'members', context: officesOf(uniform), above: '', rowsMax: PAGE_ROWS } as const;
    desk.ask(asked, (outcome) => {
      if (outcome.kind !== 'members') this.#again(() => this.#nextPlaces());
      else if (outcome.members.length > 0) this.#ask(outcome.members.map(({ name }) => name));
      else this.#erase(() => this.#finish(), true);
    });
  }

  #ask(places: readonly string[]): void {
    this.#left.clear();
    for (const place of places) this.#left.add(place);
    for (const place of places) this.#post(place);
    // What is lost on the way is asked again; another domain's answer may take days.
    this.#again(() => this.#nextPlaces());
  }

  #post(place: string): void {
    const { desk } = this.#owner;
    const routing = { _source: this.#channel, _target: place, _tag: 'leaving', _counter: '1' };
    desk.post(newLetter({ routing, method: '_request_context_leave' }));
  }

  /** One that he never had: a later life of the name numbers from 1 as well. */
  get #channel(): string {
    return `${this.#owner.uniform}${LEAVING}${this.#closedMs}`;
  }

  /** Whether what was asked at the closing would have been given up by now. */
  get #isLate(): boolean {
    const { desk } = this.#owner;
    return desk.unixMs - this.#closedMs >= desk.options.deliveryLimits.giveUpMsMax;
  }

  /** When it was closed, Unix milliseconds. */
  get #closedMs(): number {
    return this.#owner.residence.tombstone?.closedMs ?? this.#owner.desk.unixMs;
  }

  /** When all of a page are left, the next is asked, after a moment: whoever answers at once sets no pace. */
  #gone(place: string): void {
    if (!this.#left.delete(place) || this.#left.size > 0) return;
    this.#failures = 0;
    this.#again(() => this.#nextPlaces());
  }

  /** A place of ours takes him out itself, with his offices; one elsewhere is left here alone. */
  #forget(place: string): void {
    const { uniform, desk } = this.#owner;
    const isOurs = domainOf(place) === desk.domain;
    const operation = isOurs ? notIn(officesOf(uniform), place) : notIn(place, uniform);
    this.#write([operation], (isWritten) => isWritten && this.#gone(place));
  }

  #forgetLate(places: readonly string[]): void {
    const operations = places.map((place) => notIn(place, this.#owner.uniform));
    this.#write(operations, (isWritten) => (isWritten ? this.#nextPlaces() : this.#again(() => this.#nextPlaces())));
  }

  #write(operations: Operation[], done: (isWritten: boolean) => void): void {
    const { desk } = this.#owner;
    desk.ask({ kind: 'write', operations }, (outcome) => done(outcome.kind === 'written'));
  }

  #finish(): void {
    const { uniform, desk } = this.#owner;
    desk.ask({ kind: 'write', operations: leftOf(uniform, desk) }, (outcome) => {
      if (outcome.kind !== 'written') {
        this.#again(() => this.#finish());
        return;
      }
      this.#isLeaving = false;
      this.#owner.gone();
    });
  }
}

const notIn = (context: string, name: string): Operation => ({ op: 'member', context, lease, name, sequence: 0 });

const pages = (contexts: readonly string[]): string[][] =>
  Array.from({ length: Math.ceil(contexts.length / PAGE_ROWS) }, (_, at) =>
    contexts.slice(at * PAGE_ROWS, (at + 1) * PAGE_ROWS),
  );

/** Whether a context is a place's log. */
export const isPlace = (context: string): boolean =>
  context.startsWith('psyc://') && parseEntity(context).kind === 'place';
