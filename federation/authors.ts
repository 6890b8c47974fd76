/** Keys of those who sign: asked of their domains, pinned, and remembered. docs/spec/people.md#keys-of-others */
import { hexOf } from '../crypto/bytes.ts';
import { equalBytes } from '../psyc/bytes.ts';
import type { Author } from '../publication/sign.ts';
import type { Desk } from './desk.ts';
import { domainOf, type Letter, newLetter } from './letter.ts';
import { KeyReports } from './key-reports.ts';
import type { FoundKeys, KeySearch } from './key-search.ts';
import type { PkiAnswer } from './pki.ts';
import { readRecords, record } from './records.ts';
import { authoritiesIn } from './trust-record.ts';

/** What is known of one person. */
interface Known {
  readonly fingerprint: Uint8Array;
  readonly statement: Uint8Array;
  /** Ed25519 keys by device id, hexadecimal. */
  readonly devices: ReadonlyMap<string, Uint8Array>;
  readonly untilMs: number;
  readonly askedAtMs: number;
}

/** Nobody: his domain has answered, and names none such. Later: nobody knows yet, and it is worth asking again. */
export type Absent = 'nobody' | 'later';

/** What is found of an author. */
export type Found = Author | Absent;

/** A question to somebody's domain that is not answered. */
interface Asking {
  readonly tag: string;
  readonly waiting: ((known: Known | Absent) => void)[];
  /** An answer came and is being read; others count for nothing meanwhile, for each costs OpenPGP. */
  isReading: boolean;
  /** Who has brought keys, and waits until they are read; whether those are being read. */
  readonly offered: (() => void)[];
  isOffer: boolean;
}

/** Of clocks and of renewals that come late: the same keys may hold before long. */
const passing: ReadonlySet<string> = new Set(['_expired_certification', '_future_statement', '_stale_statement']);

/** The authors whose words this node stores. */
export class Authors {
  readonly #desk: Desk;
  readonly #search: KeySearch;
  readonly #reports: KeyReports;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Asking>();
  #asked = 0;

  constructor(desk: Desk, search: KeySearch) {
    this.#desk = desk;
    this.#search = search;
    this.#reports = new KeyReports(desk);
  }

  queues(): [string, number][] {
    return [
      ['authors known', this.#known.size],
      ['authors asked for', this.#asking.size],
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

  /** The author with this device, if he is remembered. */
  known(person: string, device: Uint8Array): Found {
    const known = this.#known.get(person);
    return (known === undefined ? null : this.#authorIn(person, known, hexOf(device))) ?? 'later';
  }

  /** Keys of a person that somebody else than his domain has brought; `done` when they were read, and what is good of them is remembered. */
  offer(person: string, key: Uint8Array, statement: Uint8Array, done: () => void): void {
    const asking = this.#asking.get(person) ?? this.#begin(person);
    if (asking === null) {
      done();
      return;
    }
    asking.offered.push(done);
    // An answer of his domain's is being read: that counts as much.
    if (asking.isReading) return;
    asking.isReading = asking.isOffer = true;
    this.#read(person, key, statement);
  }

  /** What was found of a person without asking his domain; `done` when it is pinned and remembered, or cannot be now. */
  adopt(person: string, { read, statement, isPinned }: FoundKeys, done: () => void): void {
    const asking = this.#asking.get(person) ?? this.#begin(person);
    if (asking === null) {
      done();
      return;
    }
    asking.offered.push(done);
    asking.isReading = true;
    this.#keep(person, read, statement, isPinned);
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
      this.#read(person, new Uint8Array(key), new Uint8Array(statement));
    } else if (packet.method?.startsWith('_failure') === true) this.#settle(person, 'later');
    else this.#settle(person, 'nobody');
  }

  #authorIn(uniform: string, { fingerprint, devices, untilMs }: Known, id: string): Author | null {
    const deviceKey = devices.get(id);
    return deviceKey === undefined || this.#desk.unixMs >= untilMs ? null : { uniform, fingerprint, deviceKey };
  }

  #ask(person: string, found: (known: Known | Absent) => void): void {
    const asking = this.#asking.get(person);
    if (asking !== undefined) {
      asking.waiting.push(found);
      return;
    }
    const begun = this.#begin(person);
    if (begun === null) {
      found('later');
      return;
    }
    begun.waiting.push(found);
    this.#request(person, begun.tag);
  }

  /** Keys of a person are awaited; null: those of too many are. */
  #begin(person: string): Asking | null {
    const { authorsAskedMax, keysMsMax } = this.#desk.options.federationLimits;
    if (this.#asking.size >= authorsAskedMax) return null;
    const tag = `k${++this.#asked}`;
    const asking = { tag, waiting: [], isReading: false, offered: [], isOffer: false };
    this.#asking.set(person, asking);
    this.#desk.timer(`keys ${person}`, keysMsMax, () => {
      if (this.#asking.get(person)?.tag === tag) this.#find(person);
    });
    return asking;
  }

  /** Nobody at home has answered: others may have his keys. */
  #find(person: string): void {
    const asking = this.#asking.get(person);
    if (asking === undefined || asking.isReading) {
      this.#settle(person, 'later');
      return;
    }
    asking.isReading = true;
    this.#search.find(person, (found) => {
      if (this.#asking.get(person) !== asking) return;
      if (found === null) this.#settle(person, 'later');
      else this.#keep(person, found.read, found.statement, found.isPinned);
    });
  }

  /** Asks, and asks again: neither the question nor the answer is numbered. */
  #request(person: string, tag: string): void {
    if (this.#asking.get(person)?.tag !== tag) return;
    const routing = { _source: `psyc://${this.#desk.domain}`, _target: person, _tag: tag };
    this.#desk.post(newLetter({ routing, method: '_request_keys' }));
    const { resendMsMin } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`keys again ${person}`, resendMsMin, () => this.#request(person, tag));
  }

  /**
   * Under the key of his domain as it is trusted, and with what is pinned of him. Where our own store or OpenPGP does not
   * answer nothing is settled: the keys are asked for again.
   */
  #read(person: string, key: Uint8Array, statement: Uint8Array): void {
    const { domain } = this.#desk;
    const home = domainOf(person);
    if (home === domain) {
      this.#judge(person, key, statement, [null], null, null);
      return;
    }
    readRecords(this.#desk, `psyc://${home}`, (ofHome) => {
      if (ofHome === null) {
        this.#again(person);
        return;
      }
      const authorities = authoritiesIn(ofHome, this.#desk.unixMs);
      if (authorities.length === 0) {
        this.#settle(person, 'later');
        return;
      }
      readRecords(this.#desk, person, (pinned) => {
        if (pinned === null) {
          this.#again(person);
          return;
        }
        const [fingerprint, known] = [pinned.get('fingerprint') ?? null, pinned.get('statement') ?? null];
        this.#judge(person, key, statement, authorities, fingerprint, known);
      });
    });
  }

  #judge(
    person: string,
    key: Uint8Array,
    statement: Uint8Array,
    [authority = null, ...others]: readonly (Uint8Array | null)[],
    pinned: Uint8Array | null,
    known: Uint8Array | null,
  ): void {
    this.#desk.askPki({ kind: 'person', person, key, statement, known, authority }, (read) => {
      if (read.kind === 'refused' && read.code === '_trust_unavailable') {
        this.#again(person);
        return;
      }
      // By the newest one he is in or out, whatever came along.
      if (read.kind === 'refused' && read.code === '_stale_statement' && known !== null && known !== statement) {
        this.#judge(person, key, known, [authority, ...others], pinned, known);
        return;
      }
      if (read.kind === 'refused' && read.code === '_uncertified' && others.length > 0) {
        this.#judge(person, key, statement, others, pinned, known);
        return;
      }
      // Another key than the pinned one, or one that nobody vouches for: as good as none.
      if (read.kind !== 'person' || (pinned !== null && !equalBytes(pinned, read.fingerprint))) {
        if (read.kind === 'person') this.#reports.tell(person, read.fingerprint);
        const isPassing = read.kind === 'refused' && passing.has(read.code);
        this.#settle(person, isPassing ? 'later' : 'nobody');
        return;
      }
      this.#keep(person, read, statement, pinned !== null);
    });
  }

  /** Pinned before they are believed. */
  #keep(person: string, read: PkiAnswer & { kind: 'person' }, statement: Uint8Array, isPinned: boolean): void {
    const isOurs = domainOf(person) === this.#desk.domain;
    const found = this.#knownFrom(read, statement, isOurs);
    if (isOurs || (isPinned && !read.isNews)) {
      this.#settle(person, found);
      return;
    }
    const operations = [record(person, 'fingerprint', read.fingerprint, true), record(person, 'statement', statement)];
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind === 'written') this.#settle(person, found);
      else this.#again(person);
    });
  }

  #knownFrom(read: PkiAnswer & { kind: 'person' }, statement: Uint8Array, isOurs: boolean): Known {
    const { fingerprint, devices, untilMs } = read;
    const byId = new Map(devices.map(({ id, key }) => [hexOf(id), key]));
    const { nowMs, unixMs, options } = this.#desk;
    // One of ours whose certification has ended is still himself.
    const ourMs = isOurs ? unixMs + options.federationLimits.keysAgainMsMin : 0;
    return { fingerprint, statement, devices: byId, untilMs: Math.max(untilMs, ourMs), askedAtMs: nowMs };
  }

  /** Nothing came of an answer for want of something here: the next one is read. */
  #again(person: string): void {
    const asking = this.#asking.get(person);
    if (asking !== undefined) asking.isReading = asking.isOffer = false;
  }

  #settle(person: string, known: Known | Absent): void {
    const asking = this.#asking.get(person);
    const offered = asking?.offered.splice(0) ?? [];
    if (typeof known === 'string' && asking?.isOffer === true && asking.waiting.length > 0) {
      // What somebody else has brought is no answer of his domain's.
      asking.isReading = asking.isOffer = false;
      for (const done of offered) done();
      return;
    }
    this.#asking.delete(person);
    if (typeof known !== 'string') {
      this.#known.delete(person);
      this.#known.set(person, known);
      const [oldest] = this.#known.keys();
      if (this.#known.size > this.#desk.options.federationLimits.authorsKnownMax) this.#known.delete(oldest!);
    }
    for (const found of asking?.waiting ?? []) found(known);
    for (const done of offered) done();
  }
}
