/** Keys of a person as somebody gives them: judged, and pinned before they are believed; those of one person one after the other. docs/spec/people.md#keys-of-others */
import { hexOf } from '../../crypto/bytes.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Desk } from '../desk.ts';
import { domainOf } from '../letter.ts';
import { KeyReports } from './key-reports.ts';
import type { FoundKeys } from './key-search.ts';
import { Moves } from './moves.ts';
import type { PkiAnswer, ToldMove } from './pki.ts';
import { pinning, readPin } from './person-pin.ts';
import { readRecords, record } from '../records.ts';
import { authoritiesIn } from '../trust/trust-record.ts';
import { NamedTurns } from '../named-turns.ts';
import type { Witnesses } from '../trust/witnesses.ts';

/** What is known of one person. */
export interface KnownKeys {
  readonly fingerprint: Uint8Array;
  readonly statement: Uint8Array;
  /** Ed25519 keys by device id, hexadecimal. */
  readonly devices: ReadonlyMap<string, Uint8Array>;
  readonly untilMs: number;
  readonly askedAtMs: number;
  /** Names that he has had, the last one first. */
  readonly before: readonly string[];
}

/**
 * What becomes of them. Nobody: they are not his, or nobody that counts vouches for them. Later: the same keys may hold before
 * long. Unread: our own store or OpenPGP did not answer, or too many wait.
 */
export type Judged = KnownKeys | 'nobody' | 'later' | 'unread';

type Done = (judged: Judged) => void;

/** Of clocks and of renewals that come late: the same keys may hold before long. */
const passing: ReadonlySet<string> = new Set(['_expired_certification', '_future_statement', '_stale_statement']);

/** One node's judge. */
export class AuthorKeys {
  readonly #desk: Desk;
  readonly reports: KeyReports;
  readonly #moves: Moves;
  readonly #turns: NamedTurns;

  constructor(desk: Desk, witnesses: Witnesses) {
    this.#desk = desk;
    const { lettersMax, authorsAskedMax } = desk.options.federationLimits;
    this.#turns = new NamedTurns({ ofName: lettersMax, names: authorsAskedMax });
    this.reports = new KeyReports(desk);
    this.#moves = new Moves(desk, witnesses);
  }

  /** People whose keys are being judged. */
  get count(): number {
    return this.#turns.size;
  }

  /** Under the key of his domain as it is trusted, and with what is pinned of him; now or later, once. `move`: that he has come from elsewhere. */
  check(person: string, key: Uint8Array, statement: Uint8Array, move: ToldMove | null, done: Done): void {
    this.#inTurn(person, done, (judged) => {
      this.#read(person, key, statement, (found) => {
        if (typeof found === 'string' || move === null) this.#name(person, found, judged);
        else this.#moves.learn(person, key, move, () => this.#name(person, found, judged));
      });
    });
  }

  /** The same of what was judged when it was found. */
  adopt(person: string, { read, statement, isPinned }: FoundKeys, done: Done): void {
    this.#inTurn(person, done, (judged) => {
      this.#keep(person, read, statement, isPinned, (found) => this.#name(person, found, judged));
    });
  }

  /** With the names that he has had. */
  #name(person: string, found: Judged, done: Done): void {
    if (typeof found === 'string') done(found);
    else this.#moves.namesOf(person, (before) => done({ ...found, before }));
  }

  #inTurn(person: string, done: Done, work: (judged: Done) => void): void {
    const hasRoom = this.#turns.take(person, (over) =>
      work((judged) => {
        over();
        done(judged);
      }),
    );
    if (!hasRoom) done('unread');
  }

  #read(person: string, key: Uint8Array, statement: Uint8Array, done: Done): void {
    const home = domainOf(person);
    if (home === this.#desk.domain) {
      this.#judge({ person, key, pinned: null, known: null }, statement, [null], done);
      return;
    }
    readRecords(this.#desk, `psyc://${home}`, (ofHome) => {
      const authorities = ofHome === null ? [] : authoritiesIn(ofHome, this.#desk.unixMs);
      if (authorities.length === 0) {
        done(ofHome === null ? 'unread' : 'later');
        return;
      }
      readPin(this.#desk, person, ofHome!, (pin) => {
        if (pin === null) done('unread');
        else {
          const { fingerprint: pinned, statement: known } = pin;
          this.#judge({ person, key, pinned, known }, statement, authorities, done);
        }
      });
    });
  }

  #judge(
    of: Readonly<Record<'pinned' | 'known', Uint8Array | null>> & { readonly person: string; readonly key: Uint8Array },
    statement: Uint8Array,
    [authority = null, ...others]: readonly (Uint8Array | null)[],
    done: Done,
  ): void {
    const { person, key, pinned, known } = of;
    this.#desk.askPki({ kind: 'person', person, key, statement, known, authority }, (read) => {
      const code = read.kind === 'refused' ? read.code : null;
      if (code === '_trust_unavailable') done('unread');
      // By the newest one he is in or out, whatever came along.
      else if (code === '_stale_statement' && known !== null && known !== statement) {
        this.#judge(of, known, [authority, ...others], done);
      } else if (code === '_uncertified' && others.length > 0) this.#judge(of, statement, others, done);
      else if (code === '_foreign_statement' && pinned !== null) {
        const authorities = [authority, ...others].filter((one) => one !== null);
        this.reports.look(person, { key, statement }, pinned, authorities, () => done('nobody'));
      } else if (read.kind !== 'person') done(code !== null && passing.has(code) ? 'later' : 'nobody');
      // Another key than the pinned one is as good as none.
      else if (pinned !== null && !equalBytes(pinned, read.fingerprint)) {
        this.reports.tell(person, read.fingerprint);
        done('nobody');
      } else this.#keep(person, read, statement, pinned !== null, done);
    });
  }

  #keep(
    person: string,
    read: PkiAnswer & { readonly kind: 'person' },
    statement: Uint8Array,
    isPinned: boolean,
    done: Done,
  ): void {
    const isOurs = domainOf(person) === this.#desk.domain;
    const found = this.#knownFrom(read, statement, isOurs);
    if (isOurs || (isPinned && !read.isNews)) {
      done(found);
      return;
    }
    const pinned = isPinned ? [] : pinning(this.#desk, person, read.fingerprint);
    const operations = [...pinned, record(person, 'statement', statement)];
    this.#desk.ask({ kind: 'write', operations }, ({ kind }) => done(kind === 'written' ? found : 'unread'));
  }

  #knownFrom(read: PkiAnswer & { kind: 'person' }, statement: Uint8Array, isOurs: boolean): KnownKeys {
    const { fingerprint, devices, untilMs } = read;
    const byId = new Map(devices.map(({ id, key }) => [hexOf(id), key]));
    const { nowMs, unixMs, options } = this.#desk;
    // One of ours whose certification has ended is still himself.
    const ourMs = isOurs ? unixMs + options.federationLimits.keysAgainMsMin : 0;
    const known = { fingerprint, statement, devices: byId, untilMs: Math.max(untilMs, ourMs), askedAtMs: nowMs };
    return { ...known, before: [] };
  }
}
