/** OpenPGP for a node: reads the keys that others show, and certifies its own people's. docs/spec/people.md */
import type { Honoured, PkiAnswer, PkiQuestion } from '../../federation/keys/pki.ts';
import { type Certificate, checkGood, circuitKey, readCertificate } from '../../pki/certificate.ts';
import { certify, certStatus, revoke } from '../../pki/certification.ts';
import { type SignedStatement, splitStatement } from '../../pki/device-statement.ts';
import type { RingSearch } from '../../pki/hkp.ts';
import { readStatement } from '../../pki/enrolment.ts';
import { orNull, PkiError } from '../../pki/error.ts';
import { parsePublic } from '../../pki/key-packet.ts';
import { splitPackets } from '../../pki/packets.ts';
import { admit } from '../../pki/ring.ts';
import { heardIn, readRotation } from '../../pki/rotation.ts';
import { splitRotation } from '../../pki/rotation-statement.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { checkIdentity, checkPerson, type Identified, type Staple } from '../../pki/staple.ts';
import { domainOf, personOf } from '../../pki/user-id.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { renderUserId } from '../../psyc/names.ts';
import { keyServerLimits } from '../keys/limits.ts';
import type { RingFound } from '../keys/ring.ts';
import { answerCountersign } from './countersigner.ts';
import { answerMove, nameInMove } from './mover.ts';
import { checkName, personAnswer } from './person-answer.ts';
import { none, type Soon, TAKEN_BACK_MS, within } from './within.ts';
import { PsycError } from '../../psyc/error.ts';
import { parseEntity } from '../../psyc/uniform.ts';

/** What a notary works with. */
export interface NotaryOptions {
  /** The domain's own. */
  readonly key: SecretKey;
  /** Those that the domain had before: what they took back stays taken back. */
  readonly former?: readonly Certificate[];
  readonly isOpen: boolean;
  /** The name of an invitation as somebody typed it, if it is one of this domain's; null: it is none. */
  readonly inviteNamed: (typed: string) => Promise<string | null>;
  /** Told of the key of another domain's person, which that domain certifies now. */
  readonly learned?: (key: Uint8Array) => void;
  /** Copies of somebody's key and statement, from wherever there are any; nothing is checked. None without it. */
  readonly search?: (sought: Sought) => AsyncIterable<SoughtKeys>;
  /** What the domain's own ring has; null: it does not answer. None without it. */
  readonly ring?: (search: RingSearch) => Promise<RingFound | null>;
  /** How long copies are looked for in all; as the document says where it is left out. */
  readonly findMs?: number;
  /** Unix seconds. */
  readonly now: () => number;
}

/** Whose keys are looked for. */
export interface Sought {
  /** `nick@domain`. */
  readonly address: string;
  /** 40 lower-case hex digits; null: any. */
  readonly fingerprint: string | null;
  /** Other domains whose key servers may have them. */
  readonly servers: readonly string[];
  /** Only our own ring is asked. */
  readonly isNear?: boolean;
}

/** A key, and a statement where there was one, as somebody gave them. */
export interface SoughtKeys {
  readonly key: Uint8Array;
  readonly statement: Uint8Array | null;
}

type Found = PkiAnswer & { readonly kind: 'found' };

/** A question of a kind. */
type Question<Kind> = PkiQuestion & { readonly kind: Kind };

const counterOf = (statement: Uint8Array): number => splitStatement(statement).statement.counter;

/** Answers a node's questions. */
export class Notary {
  readonly #options: NotaryOptions;

  constructor(options: NotaryOptions) {
    this.#options = options;
  }

  /** Never rejects for what others sent; may for what the system does. */
  async answer(question: PkiQuestion): Promise<PkiAnswer> {
    try {
      switch (question.kind) {
        case 'domain':
          return await this.#domain(question);
        case 'person':
          return await this.#person(question);
        case 'find':
          return await this.#find(question);
        case 'visitor':
          return await this.#visitor(question);
        case 'rotation':
          return await this.#rotation(question);
        case 'domain state':
          return await this.#domainState(question);
        case 'countersign':
        case 'uncountersign':
        case 'read countersignature':
          return await answerCountersign(this.#options.key, question, this.#options.now());
        case 'ring': {
          const found = (await this.#options.ring?.(question.search)) ?? null;
          return found === null ? { kind: 'refused', code: '_keys_unavailable' } : { kind: 'ring', ...found };
        }
        case 'certify':
          return await this.#certify(question);
        case 'move name':
          return nameInMove(question.move);
        case 'move':
          return await answerMove(question, this.#options.search, this.#options.now());
        case 'close':
          return await this.#close(question);
      }
    } catch (error) {
      if (error instanceof PkiError) return { kind: 'refused', code: error.code };
      // A name that is none.
      if (error instanceof PsycError) return { kind: 'refused', code: '_foreign_user_id' };
      throw error;
    }
  }

  async #domain({ domain, key, isAnyState }: Question<'domain'>): Promise<PkiAnswer> {
    const now = this.#options.now();
    const certificate = await readCertificate(key);
    if (isAnyState !== true) checkGood(certificate, now);
    if (domainOf(certificate) !== domain)
      throw new PkiError('_foreign_user_id', 'the key of another domain, or of none');
    return {
      kind: 'domain',
      fingerprint: bytesOfHex(certificate.key.fingerprint)!,
      circuitKey: circuitKey(certificate, now),
    };
  }

  /** Slow servers hold up nobody for long; `soon`: once there is enough, no longer than that. */
  #search(sought: Sought, soon?: Soon): AsyncIterable<SoughtKeys> {
    const { search, findMs = keyServerLimits.findMsMax } = this.#options;
    return within(search?.(sought) ?? none(), findMs, soon);
  }

  /** All copies of one key as one; what is broken in one spoils no other. */
  async #domainState({ domain, fingerprint, copies, servers }: Question<'domain state'>): Promise<PkiAnswer> {
    const { now, learned } = this.#options;
    const wanted = hexOf(fingerprint);
    let merged: Certificate | null = null;
    const take = async (copy: Uint8Array): Promise<void> => {
      try {
        if (!isKeyOf(copy, fingerprint)) return;
        const one = await readCertificate((await admit([copy], [await readCertificate(copy)], now())).bytes);
        const both: Uint8Array[] = merged === null ? [one.bytes] : [merged.bytes, one.bytes];
        merged = await readCertificate((await admit(both, [one], now())).bytes);
      } catch (error) {
        if (!(error instanceof PkiError)) throw error;
      }
    };
    for (const copy of copies) await take(copy);
    const sought = { address: `p3do@${domain}`, fingerprint: wanted, servers: servers ?? [], isNear: servers === null };
    for await (const { key } of this.#search(sought)) await take(key);
    const known = merged as Certificate | null;
    if (known === null || domainOf(known) !== domain) return { kind: 'refused', code: '_keys_unknown' };
    if (servers !== null) learned?.(known.bytes);
    const { revocation, until } = known;
    return {
      kind: 'domain state',
      key: known.bytes,
      revocation: revocation === null ? null : revocation.isHard ? 'hard' : 'soft',
      endsMs: until === Infinity ? null : until * 1000,
    };
  }

  async #rotation({ domain, statement, olds, key, recovery: third }: Question<'rotation'>): Promise<PkiAnswer> {
    const named = splitRotation(statement).rotation;
    if (named.domain !== domain) throw new PkiError('_foreign_rotation', 'a rotation of another domain');
    const recoveryKey = third === null ? null : await readCertificate(third);
    const old = olds.find((one) => isKeyOf(one, bytesOfHex(named.old)!));
    // Of our own domain we have all keys that it ever had.
    const former = this.#authorities.find((one) => domainOf(one) === domain && one.key.fingerprint === named.old);
    const keys = {
      old: old === undefined ? (former ?? null) : await readCertificate(old),
      new: await readCertificate(key),
      recovery: recoveryKey,
    };
    const checked = await readRotation(statement, keys, this.#options.now());
    return { kind: 'rotation', rotation: heardIn(checked, recoveryKey?.key.fingerprint ?? null) };
  }

  async #person({ person, key, statement, known, authority }: Question<'person'>): Promise<PkiAnswer> {
    const before = known === null ? null : splitStatement(known);
    const staple = { certificate: key, devices: statement };
    const found =
      authority === null
        ? await this.#own(staple, before)
        : await checkPerson(staple, await readCertificate(authority), before, this.#options.now());
    checkName(person, found);
    if (authority !== null) this.#options.learned?.(key);
    return personAnswer(found, before, found.until * 1000);
  }

  /**
   * Of all copies that come within a short time after the first that holds: one that takes something back, or has a newer
   * statement, may come behind one that is fast. What is broken in what others give spoils nothing.
   */
  async #find({ person, fingerprint, known, authorities, honoured, servers }: Question<'find'>): Promise<PkiAnswer> {
    const { host, name } = parseEntity(person);
    const wanted = fingerprint === null ? null : hexOf(fingerprint);
    const signers = await Promise.all(authorities.map((authority) => readCertificate(authority)));
    const byKey = new Map<string, { key: Uint8Array; statements: Uint8Array[]; found: PkiAnswer }>();
    const good = (): Found[] => [...byKey.values()].flatMap(({ found }) => (found.kind === 'found' ? [found] : []));
    const sought = { address: `${name}@${host}`, fingerprint: wanted, servers };
    const isEnough = (): boolean => good().length > 0;
    for await (const copy of this.#search(sought, { isEnough, ms: TAKEN_BACK_MS })) {
      const own = await orNull(admit([copy.key], signers, this.#options.now()));
      if (own === null || (wanted !== null && own.fingerprint !== wanted)) continue;
      const before = byKey.get(own.fingerprint);
      const key = before === undefined ? own.bytes : await this.#merged(before.key, [own.bytes], signers);
      const came = [copy.statement, known].filter((one) => one !== null);
      const statements = [...(before?.statements ?? []), ...came];
      const found = await this.#newest({ person, key, known, authorities, honoured }, statements);
      byKey.set(own.fingerprint, { key, statements, found });
    }
    // Of two keys, where none is pinned, the one that his domain has certified last.
    const [newest] = good().toSorted((a, b) => b.read.untilMs - a.read.untilMs);
    return newest ?? { kind: 'refused', code: '_keys_unknown' };
  }

  /** All copies of his key as one, and of the statements the newest that holds; what is broken in what others give spoils nothing. */
  async #visitor({ others, authorities, honoured, ...asked }: Question<'visitor'>): Promise<PkiAnswer> {
    const { person, statement, known } = asked;
    const { host, name } = parseEntity(person);
    const signers = await Promise.all(authorities.map((authority) => readCertificate(authority)));
    const own = await admit([asked.key], signers, this.#options.now());
    const statements = [statement, known, ...others.statements].filter((one) => one !== null);
    const copies: Uint8Array[] = [...others.keys];
    const near = { address: `${name}@${host}`, fingerprint: own.fingerprint, servers: [], isNear: true };
    for await (const found of within(this.#options.search?.(near) ?? none(), TAKEN_BACK_MS)) {
      if (found.statement !== null) statements.push(found.statement);
      copies.push(found.key);
    }
    const key = await this.#merged(own.bytes, copies, signers);
    return this.#newest({ person, key, known, authorities, honoured }, statements);
  }

  /** A key with what other copies say of it. Others may have other keys of his name, which say nothing of this one. */
  async #merged(own: Uint8Array, copies: readonly Uint8Array[], signers: readonly Certificate[]): Promise<Uint8Array> {
    let key = own;
    for (const copy of copies) {
      key = (await orNull(admit([key, copy], signers, this.#options.now())))?.bytes ?? key;
    }
    return key;
  }

  /** The newest of these statements that holds under a key of his domain; where none does, why the first does not. */
  async #newest(
    {
      authorities,
      honoured,
      ...of
    }: Pick<Question<'find'>, 'person' | 'known' | 'authorities' | 'honoured'> & { readonly key: Uint8Array },
    statements: readonly Uint8Array[],
  ): Promise<PkiAnswer> {
    let newest: Found | null = null;
    let refused: PkiAnswer | null = null;
    for (const authority of authorities) {
      for (const statement of statements) {
        const question = { kind: 'person', ...of, statement, authority } as const;
        const told = await this.answer(question);
        const tried = await orNull(this.#tried(question, honoured, told));
        if (tried === null) refused ??= told;
        else if (newest === null || counterOf(statement) > counterOf(newest.statement)) {
          newest = { kind: 'found', key: of.key, statement, authority, ...tried };
        }
      }
    }
    return newest ?? refused ?? { kind: 'refused', code: '_uncertified' };
  }

  /** As a home's answer would be read, or, where that is silent, as it would have been when it fell silent; null: it does not hold. */
  async #tried(
    question: Question<'person'> & { readonly authority: Uint8Array },
    honoured: Honoured | null,
    answer: PkiAnswer,
  ): Promise<Pick<Found, 'read' | 'isHonoured'> | null> {
    if (answer.kind === 'person') return { read: answer, isHonoured: false };
    if (honoured === null || answer.kind !== 'refused' || answer.code !== '_expired_certification') return null;
    const { person, key, statement, known, authority } = question;
    const before = known === null ? null : splitStatement(known);
    const found = await checkIdentity({ certificate: key, devices: statement }, before, this.#options.now());
    checkName(person, found);
    const { userId } = found.statement.statement;
    const then = Math.floor(honoured.atMs / 1000);
    const status = await certStatus(found.certificate, userId, await readCertificate(authority), then);
    if (!status.isValid) return null;
    this.#options.learned?.(key);
    return { read: personAnswer(found, before, honoured.untilMs), isHonoured: true };
  }

  /** One of our own: a certification that has ended is renewed by whoever asks, and locks nobody out. */
  async #own(staple: Staple, before: SignedStatement | null): Promise<Identified & { until: number }> {
    const now = this.#options.now();
    const found = await checkIdentity(staple, before, now);
    const { userId } = found.statement.statement;
    const until = await this.#checkStanding(found.certificate, userId);
    return { ...found, until };
  }

  /**
   * Until when our certification holds, Unix seconds; 0: there is none, or it has ended. Throws PkiError where we took it
   * back: until the admin gives it again by a newer one nobody is let in by it, nor is it renewed.
   */
  async #checkStanding(certificate: Certificate, userId: string): Promise<number> {
    const { now } = this.#options;
    for (const [at, authority] of this.#authorities.entries()) {
      const status = await certStatus(certificate, userId, authority, now());
      if (status.isValid && at === 0) return status.until;
      if (!status.isValid && status.code === '_revoked_certification') {
        throw new PkiError(status.code, 'this domain has taken its certification back');
      }
    }
    return 0;
  }

  /** The domain's own keys, the present one first. */
  get #authorities(): readonly Certificate[] {
    const { key, former = [] } = this.#options;
    return [key.certificate, ...former];
  }

  async #certify({ person, key, statement, invite, member, kept }: Question<'certify'>): Promise<PkiAnswer> {
    const { isOpen, inviteNamed, key: authority } = this.#options;
    let named: string | null = null;
    // Before anything that costs: without an invitation nobody makes us read keys.
    if (member !== null && !isKeyOf(key, member)) return { kind: 'refused', code: '_registration_taken' };
    if (member === null && !isOpen) {
      if (invite === null) return { kind: 'refused', code: '_registration_closed' };
      named = await inviteNamed(invite);
      if (named === null) return { kind: 'refused', code: '_registration_invalid_invite' };
    }
    const now = this.#options.now();
    const shown = await readCertificate(key);
    const stated = await readStatement(statement, shown, now);
    const { userId } = stated.statement;
    checkName(person, personOf(userId));
    // With what is known of it: who shows an older copy has not lost a revocation.
    const certificate =
      kept === null ? shown : await readCertificate((await admit([key, kept], this.#authorities, now)).bytes);
    await this.#checkStanding(certificate, userId);
    const certified = await certify(authority, certificate, userId, now);
    // What others wrote on the key goes nowhere from here.
    const { bytes } = await admit([certified], this.#authorities, now);
    return {
      kind: 'certified',
      key: bytes,
      fingerprint: bytesOfHex(certificate.key.fingerprint)!,
      invite: named,
    };
  }

  /** The identity alone can take its name back; our own word, which is all that an admin takes back, goes with it. */
  async #close({ person, key, member, isByAdmin }: Question<'close'>): Promise<PkiAnswer> {
    if (!isKeyOf(key, member)) return { kind: 'refused', code: '_trust_changed_key' };
    const certificate = await readCertificate(key);
    const { host, name } = parseEntity(person);
    const user = certificate.userIds.find(({ text }) => text === renderUserId(name, host));
    if (user === undefined) throw new PkiError('_foreign_user_id', 'the key has no such user id');
    if (!user.isRevoked && !isByAdmin) return { kind: 'refused', code: '_necessary_revocation' };
    const { key: authority, now } = this.#options;
    const revoked = await revoke(authority, certificate, user.text, now());
    return { kind: 'closed', key: (await admit([revoked], this.#authorities, now())).bytes };
  }
}

/** Whether a key is said to have this fingerprint: nothing is checked, and nothing costs. */
function isKeyOf(key: Uint8Array, fingerprint: Uint8Array): boolean {
  const [primary] = splitPackets(key);
  return primary !== undefined && parsePublic(primary.body).fingerprint === hexOf(fingerprint);
}
