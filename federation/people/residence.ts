/** The keys of one person who lives here: who registers, logs in, enrols devices. docs/spec/people.md#login */
import type { ServerAnswer, ServerQuestion } from '../../circuit/server-handshake.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { limits } from '../../pki/limits.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import { Account, openedOperations } from './account.ts';
import type { Desk } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import type { AmendedKey } from '../events.ts';
import { keyIn, standingOf } from './device-standing.ts';
import { moveIn } from './moving.ts';
import type { PkiAnswer, ToldMove } from '../keys/pki.ts';
import { insistOnRecords, readRecords, record } from '../records.ts';
import { certifiedOperations } from '../keys/ring-records.ts';
import { askFree, insistOnTombstone, isOthers, looksOf, takingOf, type Tombstone, useOf } from './tombstone.ts';

/** What the store has of a person. */
interface Keys {
  readonly fingerprint: Uint8Array;
  /** The identity key as this domain has certified it. */
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
  readonly move?: ToldMove | undefined;
}

type PersonQuestion = Exclude<ServerQuestion, { readonly kind: 'server key' }>;
type Answering = (answer: ServerAnswer) => void;
type Amending = { readonly amended: AmendedKey; readonly out: (code: string) => void };
/** Something that has to wait for what was asked before. */
interface Turn {
  readonly kind: PersonQuestion['kind'] | 'turn';
  readonly begin: (over: () => void) => void;
}
type PersonAnswer = PkiAnswer & { readonly kind: 'person' };

/** A certification is renewed when it has less than this left. */
const renewedAtMs = limits.renewalSeconds * 1000;
/** The store's word that somebody was first. */
const EXISTING = '_store_existing_record';

const refused = (code: FederationCode): ServerAnswer => ({ kind: 'refused', code });

/** Hears of it: `loaded` each time it was looked up whether the person lives here, `revoked` when devices have lost their place. */
interface ResidenceOwner {
  loaded(): void;
  revoked(ids: readonly Uint8Array[]): void;
}

/** One person's keys. Questions are answered one after the other: each may change what the next is answered by. */
export class Residence {
  readonly account: Account;
  readonly #uniform: string;
  readonly #desk: Desk;
  readonly #owner: ResidenceOwner;
  #keys: Keys | null = null;
  #isKnown = false;
  /** The domain's present key has certified him, as far as it can, in this life. */
  #isRecertified = false;
  #tombstone: Tombstone | null = null;
  /** What the kept statement says, for the admission that comes after the device's key. */
  #kept: { readonly keys: Keys; readonly read: PersonAnswer } | null = null;
  #amended: Amending | null = null;
  readonly #waiting: Turn[] = [];
  #isBusy = false;

  constructor(uniform: string, desk: Desk, owner: ResidenceOwner) {
    this.#uniform = uniform;
    this.#desk = desk;
    this.#owner = owner;
    this.account = new Account(uniform, desk);
    this.look();
  }

  /** Whether it is known yet. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** What everybody may know; null: nobody of this name lives here. */
  get keys(): Keys | null {
    return this.#keys;
  }

  /** For those who ask: where the domain has another key than the one that has certified him, he is certified anew first. */
  told(found: (keys: Keys) => void): void {
    const keys = this.#keys;
    const isAsIs = this.#isRecertified || this.#desk.options.identity.before === undefined;
    if (isAsIs || keys === null || this.account.isFrozen) {
      if (keys !== null) found(keys);
      return;
    }
    this.turn((over) => {
      const end = (answer: ServerAnswer): void => {
        this.#isRecertified = answer.kind === 'admitted';
        if (this.#keys !== null) found(this.#keys);
        over();
      };
      const now = this.#keys ?? keys;
      this.#readKept(now, end, (read) => this.#renew(now, read, null, end));
    });
  }

  /** He says that he came from elsewhere, and that is durable. */
  moved(move: ToldMove): void {
    if (this.#keys !== null) this.#keys = { ...this.#keys, move };
  }

  /** What is left of who lived here; null: nobody did, or somebody does. */
  get tombstone(): Tombstone | null {
    return this.#tombstone;
  }

  /** The account is closed; what is left to be done is told by the tombstone. */
  closed(tombstone: Tombstone): void {
    this.#keys = null;
    this.#kept = null;
    this.#tombstone = tombstone;
  }

  get isIdle(): boolean {
    return this.#isKnown && !this.#isBusy && this.#amended === null && this.#waiting.length === 0;
  }

  /** Answers now or later, once. Who has proved his device's key is not sent away for want of room: it is one question a circuit. */
  ask(question: PersonQuestion, answer: Answering): void {
    const { loginsMax, registrationsMax } = this.#desk.options.federationLimits;
    const isRegistration = question.kind === 'registration';
    // Anybody may ask for a name: whoever has it must not wait behind them.
    const waiting = this.#waiting.filter(({ kind }) => (kind === 'registration') === isRegistration);
    if (question.kind !== 'admission' && waiting.length >= (isRegistration ? registrationsMax : loginsMax)) {
      answer(refused('_trust_unavailable'));
      return;
    }
    const begin = (over: () => void): void =>
      this.#answer(question, (answered) => {
        answer(answered);
        over();
      });
    this.#waiting.push({ kind: question.kind, begin });
    this.#next();
  }

  /** Has something begun when it is known who lives here, and nothing is under way. */
  turn(begin: (over: () => void) => void): void {
    this.#waiting.push({ kind: 'turn', begin });
    this.#next();
  }

  /**
   * Takes a key that somebody has added to, behind what is under way: a renewal that began before must not stay. `out` is
   * called when it lets nobody in any more.
   */
  amend(amended: AmendedKey, out: (code: string) => void): void {
    // Each holds all that the one before it held.
    this.#amended = { amended, out };
    this.#next();
  }

  /** It is in the store already; but a renewal that had read the key before may have been written after. */
  #amend({ amended: { fingerprint, key, code }, out }: Amending): void {
    if (this.#keys === null || !equalBytes(this.#keys.fingerprint, fingerprint)) {
      this.#next();
      return;
    }
    this.#isBusy = true;
    this.#kept = null;
    this.#keys = { ...this.#keys, key };
    if (code !== null) out(code);
    this.#desk.ask({ kind: 'write', operations: [record(this.#uniform, 'key', key)] }, (outcome) => {
      this.#isBusy = false;
      if (outcome.kind === 'written') this.#next();
      else this.look();
    });
  }

  /** The store is to be asked who lives here. */
  look(): void {
    this.#isKnown = false;
    insistOnRecords(this.#desk, this.#uniform, (records) => {
      const [fingerprint, key, statement] = [records.get('fingerprint'), records.get('key'), records.get('statement')];
      const isWhole = fingerprint !== undefined && key !== undefined && statement !== undefined;
      this.#keys = isWhole ? { fingerprint, key, statement, move: moveIn(records) } : null;
      this.account.loaded(records);
      if (isWhole) this.#know(null);
      else insistOnTombstone(this.#desk, this.#uniform, (tombstone) => this.#know(tombstone));
    });
  }

  #know(tombstone: Tombstone | null): void {
    this.#tombstone = tombstone;
    this.#isKnown = true;
    this.#owner.loaded();
    this.#next();
  }

  #next(): void {
    if (this.#isBusy || !this.#isKnown) return;
    const amending = this.#amended;
    this.#amended = null;
    if (amending !== null) {
      this.#amend(amending);
      return;
    }
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    // Told so, an emptied list gives its room back.
    if (this.#waiting.length === 0) this.#waiting.length = 0;
    this.#isBusy = true;
    asked.begin(() => {
      this.#isBusy = false;
      this.#next();
    });
  }

  #answer(question: PersonQuestion, answer: Answering): void {
    if (question.kind === 'registration') this.#register(question, answer);
    else if (this.#keys === null)
      answer(refused(this.#tombstone === null ? '_login_unknown_person' : '_closed_account'));
    else if (this.account.isFrozen) answer(refused('_frozen_account'));
    else if (question.kind === 'device key') this.#deviceKey(question, this.#keys, answer);
    else this.#admit(question, this.#keys, answer);
  }

  /** The device's key by the newest statement: the kept one, or a newer one that came along. */
  #deviceKey(question: PersonQuestion & { kind: 'device key' }, keys: Keys, answer: Answering): void {
    const { claim, evidence } = question;
    if (!equalBytes(claim.fingerprint, keys.fingerprint)) {
      answer(refused('_trust_changed_key'));
      return;
    }
    this.#readKept(keys, answer, (kept) => {
      const { statement } = evidence;
      const isListed = standingOf(kept, claim.device) !== '_unlisted_device';
      if (isListed || statement === null || equalBytes(statement, keys.statement)) answer(keyIn(kept, claim.device));
      else this.#read(keys, statement, answer, (newer) => answer(keyIn(newer, claim.device)));
    });
  }

  /**
   * Keeps what is newer than what is kept, and renews what ends soon, before anybody is let in on it. Between this and the
   * device's key another login may have brought a revocation: the device is looked up once more.
   */
  #admit(question: PersonQuestion & { kind: 'admission' }, keys: Keys, answer: Answering): void {
    const { peer, evidence } = question;
    if (peer.kind !== 'client') throw new Error('a server is admitted by trust');
    const { statement } = evidence;
    const admit = (newest: Keys, read: PersonAnswer): void => {
      const found = keyIn(read, peer.device);
      if (found.kind !== 'key') answer(found);
      else if (equalBytes(found.publicKey, peer.deviceKey)) this.#renew(newest, read, statement, answer);
      else answer({ kind: 'refused', code: '_unlisted_device' });
    };
    const byKept = (): void => this.#readKept(keys, answer, (kept) => admit(keys, kept));
    if (statement === null || equalBytes(statement, keys.statement)) {
      byKept();
      return;
    }
    const stale = (refusal: ServerAnswer): void => {
      // Whoever was away shows an older one: by the newest he is in or out.
      if (refusal.kind === 'refused' && refusal.code === '_stale_statement') byKept();
      else answer(refusal);
    };
    this.#read(keys, statement, stale, (read) => {
      if (!read.isNews) {
        byKept();
        return;
      }
      this.#write([record(this.#uniform, 'statement', statement)], answer, () => {
        const newer = { ...keys, statement };
        this.#keys = newer;
        this.#kept = { keys: newer, read };
        this.#owner.revoked(read.revoked);
        admit(newer, read);
      });
    });
  }

  /** `shown`: the statement that came along; who has another is given the newest. */
  #renew(keys: Keys, { untilMs }: PersonAnswer, shown: Uint8Array | null, answer: Answering): void {
    const { key, statement } = keys;
    const newest = shown !== null && equalBytes(shown, statement) ? null : statement;
    if (untilMs - this.#desk.unixMs >= renewedAtMs) {
      answer({ kind: 'admitted', key: null, statement: newest });
      return;
    }
    const question = { person: this.#uniform, key, statement, invite: null, member: keys.fingerprint, kept: key };
    const renewed = (certified: PkiAnswer): void => {
      // Whoever cannot be certified just now is let in, and comes again.
      if (certified.kind !== 'certified') answer({ kind: 'admitted', key: null, statement: newest });
      else {
        const { key: newer, fingerprint } = certified;
        const ring = certifiedOperations(this.#uniform, hexOf(fingerprint), newer);
        this.#write([record(this.#uniform, 'key', newer), ...ring], answer, () => {
          this.#keys = { ...keys, key: newer };
          answer({ kind: 'admitted', key: newer, statement: newest });
        });
      }
    };
    this.#desk.askPki({ kind: 'certify', ...question }, renewed, 'ours');
  }

  #register(question: PersonQuestion & { kind: 'registration' }, answer: Answering): void {
    if (this.#keys !== null) {
      this.#registerFree(question, answer);
      return;
    }
    askFree(this.#desk, this.#uniform, (free) => {
      if (free === 'free') this.#registerFree(question, answer);
      else answer(refused(free === 'reserved' ? '_registration_reserved' : '_trust_unavailable'));
    });
  }

  #registerFree({ registration }: PersonQuestion & { kind: 'registration' }, answer: Answering): void {
    const { key, statement, invite } = registration;
    const [before, person] = [this.#keys, this.#uniform];
    const member = before?.fingerprint ?? null;
    const question = { kind: 'certify', person, key, statement, invite, member, kept: before?.key ?? null } as const;
    const certify = (certified: PkiAnswer): void => {
      if (certified.kind !== 'certified' || (before !== null && this.account.isFrozen)) {
        // Whom the admin has frozen is vouched for no longer than he was.
        const code = certified.kind === 'certified' ? '_frozen_account' : '_trust_unavailable';
        answer(certified.kind === 'refused' ? certified : refused(code));
        return;
      }
      const operations = [
        record(person, 'fingerprint', certified.fingerprint, true),
        record(person, 'key', certified.key),
        ...certifiedOperations(person, hexOf(certified.fingerprint), certified.key),
      ];
      // Who lives here already brings a newer statement to his login, which looks whom it revokes.
      const kept = before?.statement ?? statement;
      if (before === null) {
        operations.push(record(person, 'statement', statement), takingOf(person));
        operations.push(...openedOperations(person, this.#desk));
      }
      if (certified.invite !== null) operations.push(useOf(certified.invite, certified.fingerprint, person));
      this.#write(operations, answer, () => {
        this.#keys = { ...before, fingerprint: certified.fingerprint, key: certified.key, statement: kept };
        this.#tombstone = null;
        if (before === null) this.account.loaded(new Map());
        answer({ kind: 'registered', key: certified.key, statement: equalBytes(kept, statement) ? null : kept });
      });
    };
    this.#desk.askPki(question, certify, before === null ? undefined : 'ours');
  }

  /** Reads what is kept, once for as long as it stays the same and somebody is being let in by it. */
  #readKept(keys: Keys, refuse: Answering, found: (read: PersonAnswer) => void): void {
    const kept = this.#kept;
    this.#kept = null;
    if (kept?.keys === keys) found(kept.read);
    else {
      this.#read(keys, keys.statement, refuse, (read) => {
        this.#kept = { keys, read };
        found(read);
      });
    }
  }

  /** Without the certification, which is this domain's own to renew. */
  #read(keys: Keys, statement: Uint8Array, refuse: Answering, found: (read: PersonAnswer) => void): void {
    const { key, statement: known } = keys;
    const question = { kind: 'person', person: this.#uniform, key, statement, known, authority: null } as const;
    const answered = (read: PkiAnswer): void => {
      if (read.kind === 'person') found(read);
      else refuse(read.kind === 'refused' ? read : refused('_trust_unavailable'));
    };
    this.#desk.askPki(question, answered, 'ours');
  }

  #write(operations: readonly Operation[], answer: Answering, written: () => void): void {
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind === 'written') {
        written();
        return;
      }
      if (outcome.kind === 'refused' && outcome.code === EXISTING) {
        this.#tellFirst(operations, answer);
        return;
      }
      // After a loss nobody knows whether it was written: look.
      this.look();
      answer(refused('_trust_unavailable'));
    });
  }

  /** Which of the records that somebody else was first with. */
  #tellFirst(operations: readonly Operation[], answer: Answering): void {
    const looks = looksOf(this.#uniform);
    if (!operations.some(({ context }) => context === looks)) {
      answer(refused('_registration_used_invite'));
      return;
    }
    readRecords(this.#desk, looks, (records) => {
      if (records === null) answer(refused('_trust_unavailable'));
      else answer(refused(isOthers(this.#uniform, records) ? '_registration_confusable' : '_registration_used_invite'));
    });
  }
}
