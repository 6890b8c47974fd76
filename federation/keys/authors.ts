/** Keys of those who sign: asked of their domains, and remembered. docs/spec/people.md#keys-of-others */
import { hexOf } from '../../crypto/bytes.ts';
import type { Author } from '../../publication/sign.ts';
import { AuthorKeys, type Judged, type KnownKeys } from './author-keys.ts';
import type { Desk } from '../desk.ts';
import type { KeyReports } from './key-reports.ts';
import type { FoundKeys, KeySearch } from './key-search.ts';
import { type Letter, newLetter } from '../letter.ts';
import type { FormerNames } from './moves.ts';
import { remember } from '../remember.ts';
import type { Witnesses } from '../trust/witnesses.ts';

/** Nobody: his domain has answered, and names none such. Later: nobody knows yet, and it is worth asking again. */
export type Absent = 'nobody' | 'later';

/** What is found of an author. */
export type Found = Author | Absent;

/** A question to somebody's domain that is not answered. */
interface Asking {
  readonly tag: string;
  readonly waiting: ((known: KnownKeys | Absent) => void)[];
  /** An answer came and is being read; others count for nothing meanwhile, for each costs OpenPGP. */
  isReading: boolean;
  /** Home has had its time: others are being asked, or were. */
  isLate: boolean;
}

/** The authors whose words this node stores. */
export class Authors implements FormerNames {
  readonly #desk: Desk;
  readonly #search: KeySearch;
  readonly #keys: AuthorKeys;
  readonly #known = new Map<string, KnownKeys>();
  readonly #asking = new Map<string, Asking>();
  /** When it was asked last, of somebody's name before, whether that was his. */
  readonly #namesAsked = new Map<string, number>();
  #asked = 0;

  constructor(desk: Desk, search: KeySearch, witnesses: Witnesses) {
    this.#desk = desk;
    this.#search = search;
    this.#keys = new AuthorKeys(desk, witnesses);
  }

  /** Tells people that another key was shown for them. */
  get reports(): KeyReports {
    return this.#keys.reports;
  }

  queues(): [string, number][] {
    return [
      ['authors known', this.#known.size],
      ['authors asked for', this.#asking.size],
      ['authors judged', this.#keys.count],
    ];
  }

  /** Finds the author with this device, now or later. */
  find(person: string, device: Uint8Array, found: (author: Found) => void): void {
    const id = hexOf(device);
    const known = this.#known.get(person);
    const { keysAgainMsMin } = this.#desk.options.federationLimits;
    const author = known === undefined ? null : this.#authorIn(person, known, id);
    const isFresh = known !== undefined && this.#desk.nowMs - known.askedAtMs < keysAgainMsMin;
    // He may have enrolled it since: what is said once more is asked about once more.
    if (author !== null || isFresh) found(author ?? 'later');
    else {
      this.#ask(person, (read) => {
        if (typeof read === 'string') found(read);
        else found(this.#authorIn(person, read, id) ?? 'nobody');
      });
    }
  }

  /** The author with this device, if he is remembered; null: he is not, or has no such device. */
  remembered(person: string, device: Uint8Array): Author | null {
    const known = this.#known.get(person);
    return known === undefined ? null : this.#authorIn(person, known, hexOf(device));
  }

  namesBefore(person: string): readonly string[] {
    return this.#known.get(person)?.before ?? [];
  }

  wasNamed(person: string, name: string, found: (isSo: boolean | null) => void): void {
    const { keysAgainMsMin, authorsKnownMax } = this.#desk.options.federationLimits;
    const isNamed = this.namesBefore(person).includes(name);
    const askedAtMs = this.#namesAsked.get(person) ?? -Infinity;
    if (isNamed || (!this.#asking.has(person) && this.#desk.nowMs - askedAtMs < keysAgainMsMin)) {
      found(isNamed);
      return;
    }
    // He may have come this moment, after his keys were asked for.
    remember(this.#namesAsked, person, this.#desk.nowMs, authorsKnownMax);
    this.#ask(person, (read) => {
      found(read === 'later' ? null : read !== 'nobody' && read.before.includes(name));
    });
  }

  /** Keys of a person that were found elsewhere than at his domain, and judged by that; `done` when what is good of them is remembered. */
  adopt(person: string, found: FoundKeys, done: () => void): void {
    this.#keys.adopt(person, found, (judged) => this.#brought(person, judged, done));
  }

  /** A letter to the node itself that may answer a question. */
  answered({ routing, packet }: Letter): void {
    const person = routing.get('_source') ?? '';
    const asking = this.#asking.get(person);
    if (asking === undefined || (routing.get('_tag_relay') ?? routing.get('_tag_reply')) !== asking.tag) return;
    if (asking.isReading) return;
    const [key, statement] = [packet.value('_key'), packet.value('_statement')];
    if (packet.method === '_status_keys' && key !== undefined && statement !== undefined) {
      asking.isReading = true;
      const [move, before] = [packet.value('_move'), packet.value('_key_before')];
      const told = move && before ? { statement: new Uint8Array(move), before: new Uint8Array(before) } : null;
      const judged = (keys: Judged): void => this.#read(person, asking, keys);
      this.#keys.check(person, new Uint8Array(key), new Uint8Array(statement), told, judged);
    } else this.#settle(person, asking, packet.method?.startsWith('_failure') === true ? 'later' : 'nobody');
  }

  #authorIn(uniform: string, { fingerprint, devices, untilMs }: KnownKeys, id: string): Author | null {
    const deviceKey = devices.get(id);
    return deviceKey === undefined || this.#desk.unixMs >= untilMs ? null : { uniform, fingerprint, deviceKey };
  }

  #ask(person: string, found: (known: KnownKeys | Absent) => void): void {
    const asking = this.#asking.get(person);
    if (asking !== undefined) {
      asking.waiting.push(found);
      return;
    }
    if (this.#asking.size >= this.#desk.options.federationLimits.authorsAskedMax) {
      found('later');
      return;
    }
    const begun: Asking = { tag: `k${++this.#asked}`, waiting: [found], isReading: false, isLate: false };
    this.#asking.set(person, begun);
    this.#await(person, begun);
    this.#request(person, begun);
  }

  /** So long for whoever is asked: his home, and then others. */
  #await(person: string, asking: Asking): void {
    this.#desk.timer(`keys ${person}`, this.#desk.options.federationLimits.keysMsMax, () => {
      if (this.#asking.get(person) !== asking) return;
      const isOver = asking.isLate || asking.isReading;
      asking.isLate = true;
      if (isOver) this.#settle(person, asking, 'later');
      else {
        this.#await(person, asking);
        this.#searchFor(person, asking);
      }
    });
  }

  /** Nobody at home has answered: others may have his keys. */
  #searchFor(person: string, asking: Asking): void {
    asking.isReading = true;
    this.#search.find(person, (found) => {
      if (this.#asking.get(person) !== asking) return;
      if (found === null) this.#settle(person, asking, 'later');
      else this.#keys.adopt(person, found, (judged) => this.#read(person, asking, judged));
    });
  }

  /** Asks, and asks again: neither the question nor the answer is numbered. */
  #request(person: string, asking: Asking): void {
    if (this.#asking.get(person) !== asking) return;
    const routing = { _source: `psyc://${this.#desk.domain}`, _target: person, _tag: asking.tag };
    this.#desk.post(newLetter({ routing, method: '_request_keys' }));
    const { resendMsMin } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`keys again ${person}`, resendMsMin, () => this.#request(person, asking));
  }

  /** What came in answer to a question was judged; where nothing came of it for want of something here, the next one is read. */
  #read(person: string, asking: Asking, judged: Judged): void {
    if (judged === 'unread') asking.isReading = false;
    else this.#settle(person, asking, judged);
  }

  /** What somebody else has brought settles a question where it is good, and is no answer of his domain's where it is not. */
  #brought(person: string, judged: Judged, done: () => void): void {
    if (typeof judged !== 'string') {
      this.#remember(person, judged);
      const asking = this.#asking.get(person);
      if (asking !== undefined) this.#settle(person, asking, judged);
    }
    done();
  }

  #settle(person: string, asking: Asking, known: KnownKeys | Absent): void {
    if (this.#asking.get(person) !== asking) return;
    this.#asking.delete(person);
    if (typeof known !== 'string') this.#remember(person, known);
    for (const found of asking.waiting) found(known);
  }

  #remember(person: string, known: KnownKeys): void {
    remember(this.#known, person, known, this.#desk.options.federationLimits.authorsKnownMax);
  }
}
