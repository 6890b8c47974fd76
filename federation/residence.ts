/** The keys of one person who lives here: who registers, logs in, enrols devices. docs/spec/people.md#login */
import type { ServerAnswer, ServerQuestion } from '../circuit/server-handshake.ts';
import { limits } from '../pki/limits.ts';
import { equalBytes } from '../psyc/bytes.ts';
import type { Operation } from '../store/store.ts';
import type { Desk } from './desk.ts';
import type { FederationCode } from './error.ts';
import type { PkiAnswer } from './pki.ts';
import { insistOnRecords, record } from './records.ts';

/** What the store has of a person. */
interface Keys {
  readonly fingerprint: Uint8Array;
  /** The identity key as this domain has certified it. */
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
}

type PersonQuestion = Exclude<ServerQuestion, { readonly kind: 'server key' }>;
type Answering = (answer: ServerAnswer) => void;
type PersonAnswer = PkiAnswer & { readonly kind: 'person' };

/** A certification is renewed when it has less than this left. */
const renewedAtMs = limits.renewalSeconds * 1000;
/** The store's word that somebody was first. */
const EXISTING = '_store_existing_record';

const refused = (code: FederationCode): ServerAnswer => ({ kind: 'refused', code });

/** One person's keys. Questions are answered one after the other: each may change what the next is answered by. */
export class Residence {
  readonly #uniform: string;
  readonly #desk: Desk;
  readonly #revoked: (ids: readonly Uint8Array[]) => void;
  #keys: Keys | null = null;
  #isKnown = false;
  #untilMs = 0;
  readonly #waiting: { readonly question: PersonQuestion; readonly answer: Answering }[] = [];
  #isBusy = false;
  readonly #loaded: () => void;

  /** `loaded` is called each time it is known whether the person lives here, `revoked` when devices have lost their place. */
  constructor(uniform: string, desk: Desk, loaded: () => void, revoked: (ids: readonly Uint8Array[]) => void) {
    this.#uniform = uniform;
    this.#desk = desk;
    this.#revoked = revoked;
    this.#loaded = loaded;
    this.#load();
  }

  /** Whether it is known yet. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** What everybody may know; null: nobody of this name lives here. */
  get keys(): Keys | null {
    return this.#keys;
  }

  get isIdle(): boolean {
    return this.#isKnown && !this.#isBusy && this.#waiting.length === 0;
  }

  /** Answers now or later, once. */
  ask(question: PersonQuestion, answer: Answering): void {
    if (this.#waiting.length >= this.#desk.options.federationLimits.loginsMax) {
      answer(refused('_trust_unavailable'));
      return;
    }
    this.#waiting.push({ question, answer });
    this.#next();
  }

  #load(): void {
    this.#isKnown = false;
    insistOnRecords(this.#desk, this.#uniform, (records) => {
      const [fingerprint, key, statement] = [records.get('fingerprint'), records.get('key'), records.get('statement')];
      const isWhole = fingerprint !== undefined && key !== undefined && statement !== undefined;
      this.#keys = isWhole ? { fingerprint, key, statement } : null;
      this.#isKnown = true;
      this.#loaded();
      this.#next();
    });
  }

  #next(): void {
    if (this.#isBusy || !this.#isKnown) return;
    const asked = this.#waiting.shift();
    if (asked === undefined) return;
    this.#isBusy = true;
    this.#answer(asked.question, (answer) => {
      asked.answer(answer);
      this.#isBusy = false;
      this.#next();
    });
  }

  #answer(question: PersonQuestion, answer: Answering): void {
    if (question.kind === 'registration') this.#register(question, answer);
    else if (this.#keys === null) answer(refused('_login_unknown_person'));
    else if (question.kind === 'device key') this.#deviceKey(question, this.#keys, answer);
    else this.#admit(question, this.#keys, answer);
  }

  /** The device's key by the statement that came along, or by the one that is kept. */
  #deviceKey(question: PersonQuestion & { kind: 'device key' }, keys: Keys, answer: Answering): void {
    const { claim, evidence } = question;
    if (!equalBytes(claim.fingerprint, keys.fingerprint)) {
      answer(refused('_trust_changed_key'));
      return;
    }
    this.#read(keys, evidence.statement ?? keys.statement, answer, ({ devices, revoked }) => {
      const device = devices.find(({ id }) => equalBytes(id, claim.device));
      if (device !== undefined) answer({ kind: 'key', publicKey: device.key });
      else {
        const isRevoked = revoked.some((id) => equalBytes(id, claim.device));
        answer({ kind: 'refused', code: isRevoked ? '_revoked_device' : '_unlisted_device' });
      }
    });
  }

  /** Keeps what is newer than what is kept, and renews what ends soon, before anybody is let in on it. */
  #admit(question: PersonQuestion & { kind: 'admission' }, keys: Keys, answer: Answering): void {
    const { statement } = question.evidence;
    if (statement === null || equalBytes(statement, keys.statement)) {
      this.#renew(keys, answer);
      return;
    }
    this.#read(keys, statement, answer, ({ isNews, revoked }) => {
      if (!isNews) {
        this.#renew(keys, answer);
        return;
      }
      this.#write([record(this.#uniform, 'statement', statement)], answer, () => {
        const newer = { ...keys, statement };
        this.#keys = newer;
        this.#revoked(revoked);
        this.#renew(newer, answer);
      });
    });
  }

  #renew(keys: Keys, answer: Answering): void {
    if (this.#untilMs - this.#desk.unixMs >= renewedAtMs) {
      answer({ kind: 'admitted', key: null });
      return;
    }
    const { key, statement } = keys;
    const question = { person: this.#uniform, key, statement, known: statement, invite: null, isMember: true };
    this.#desk.askPki({ kind: 'certify', ...question }, (certified) => {
      // Whoever cannot be certified just now is let in while the old certification holds.
      if (certified.kind !== 'certified') answer({ kind: 'admitted', key: null });
      else {
        this.#write([record(this.#uniform, 'key', certified.key)], answer, () => {
          this.#keys = { ...keys, key: certified.key };
          answer({ kind: 'admitted', key: certified.key });
        });
      }
    });
  }

  #register({ registration }: PersonQuestion & { kind: 'registration' }, answer: Answering): void {
    const { key, statement, invite } = registration;
    const before = this.#keys;
    const person = this.#uniform;
    const known = before?.statement ?? null;
    const question = { kind: 'certify', person, key, statement, known, invite, isMember: before !== null } as const;
    this.#desk.askPki(question, (certified) => {
      if (certified.kind !== 'certified') {
        answer(certified.kind === 'refused' ? certified : refused('_trust_unavailable'));
        return;
      }
      const { fingerprint } = certified;
      if (before !== null && !equalBytes(before.fingerprint, fingerprint)) {
        answer(refused('_registration_taken'));
        return;
      }
      const operations = [record(person, 'fingerprint', fingerprint, true), record(person, 'key', certified.key)];
      // Who lives here already brings a newer statement to his login, which looks whom it revokes.
      const kept = before?.statement ?? statement;
      if (before === null) operations.push(record(person, 'statement', statement));
      if (certified.invite !== null) operations.push(useOf(certified.invite, fingerprint));
      this.#write(operations, answer, () => {
        this.#keys = { fingerprint, key: certified.key, statement: kept };
        answer({ kind: 'registered', key: certified.key });
      });
    });
  }

  #read(keys: Keys, statement: Uint8Array, answer: Answering, found: (read: PersonAnswer) => void): void {
    const question = {
      kind: 'person',
      person: this.#uniform,
      key: keys.key,
      statement,
      known: keys.statement,
      authority: this.#desk.options.identity.certificate,
    } as const;
    this.#desk.askPki(question, (read) => {
      if (read.kind === 'person') {
        this.#untilMs = read.untilMs;
        found(read);
      } else answer(read.kind === 'refused' ? read : refused('_trust_unavailable'));
    });
  }

  #write(operations: readonly Operation[], answer: Answering, written: () => void): void {
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind === 'written') {
        written();
        return;
      }
      const isUsed = outcome.kind === 'refused' && outcome.code === EXISTING;
      // After a loss nobody knows whether it was written: look.
      if (!isUsed) this.#load();
      answer(refused(isUsed ? '_registration_used_invite' : '_trust_unavailable'));
    });
  }
}

/** Uses an invitation up, in a context of its own; by the same key again it may be used. */
const useOf = (invite: string, fingerprint: Uint8Array): Operation =>
  record(`invite ${invite}`, 'used', fingerprint, true);
