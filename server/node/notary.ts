/** OpenPGP for a node: reads the keys that others show, and certifies its own people's. docs/spec/people.md */
import type { Honoured, PkiAnswer, PkiQuestion } from '../../federation/keys/pki.ts';
import { type Certificate, checkGood, circuitKey, readCertificate } from '../../pki/certificate.ts';
import { certify, certStatus, revoke } from '../../pki/certification.ts';
import { type Device, deviceId, rawKey, type SignedStatement, splitStatement } from '../../pki/device-statement.ts';
import type { RingSearch } from '../../pki/hkp.ts';
import { isSuccessor, readStatement } from '../../pki/enrolment.ts';
import { PkiError } from '../../pki/error.ts';
import { parsePublic } from '../../pki/key-packet.ts';
import { splitPackets } from '../../pki/packets.ts';
import { admit } from '../../pki/ring.ts';
import { readRotation } from '../../pki/rotation.ts';
import { NO_ROTATION, rotationHash, splitRotation } from '../../pki/rotation-statement.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { checkIdentity, checkPerson, type Identified, type Staple } from '../../pki/staple.ts';
import { domainOf, personOf } from '../../pki/user-id.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { renderUserId } from '../../psyc/names.ts';
import { keyServerLimits } from '../keys/limits.ts';
import type { RingFound } from '../keys/ring.ts';
import { answerCountersign } from './countersigner.ts';
import { answerMove, nameInMove } from './mover.ts';
import { none, TAKEN_BACK_MS, within } from './within.ts';
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

/** null where it is nothing that OpenPGP takes. */
const orNull = <T>(reading: Promise<T>): Promise<T | null> =>
  reading.catch((error: unknown) => {
    if (error instanceof PkiError) return null;
    throw error;
  });

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

  /** Slow servers hold up nobody for long. */
  #search(sought: Sought): AsyncIterable<SoughtKeys> {
    const { search, findMs = keyServerLimits.findMsMax } = this.#options;
    return within(search?.(sought) ?? none(), findMs);
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
    const { rotation, signed, by } = await readRotation(statement, keys, this.#options.now());
    const { old: from, new: to, seq, prev, notBefore, expires, recovery } = rotation;
    return {
      kind: 'rotation',
      rotation: {
        from,
        to,
        seq,
        previous: prev === NO_ROTATION ? null : prev,
        notBeforeMs: notBefore * 1000,
        expiresMs: expires * 1000,
        signer: by === 'old' ? 'old key' : { recovery: recoveryKey!.key.fingerprint },
        hash: rotationHash(signed),
        recovery,
      },
    };
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

  /** The first copies that hold; what others give is judged as what a home gives. */
  async #find({ person, fingerprint, known, authorities, honoured, servers }: Question<'find'>): Promise<PkiAnswer> {
    const { host, name } = parseEntity(person);
    const wanted = fingerprint === null ? null : hexOf(fingerprint);
    const sought = { address: `${name}@${host}`, fingerprint: wanted, servers };
    for await (const { key, statement: came } of this.#search(sought)) {
      if (fingerprint !== null && !isKeyOf(key, fingerprint)) continue;
      for (const statement of [came, known].filter((one) => one !== null)) {
        for (const authority of authorities) {
          const tried = await this.#tried({ kind: 'person', person, key, statement, known, authority }, honoured);
          if (tried !== null) return { kind: 'found', key, statement, authority, ...tried };
        }
      }
    }
    return { kind: 'refused', code: '_keys_unknown' };
  }

  /** All copies of his key as one, and of the statements the newest that holds; what is broken in what others give spoils nothing. */
  async #visitor({ others, authorities, honoured, ...asked }: Question<'visitor'>): Promise<PkiAnswer> {
    const { person, statement, known } = asked;
    const { host, name } = parseEntity(person);
    const signers = await Promise.all(authorities.map((authority) => readCertificate(authority)));
    const own = await admit([asked.key], signers, this.#options.now());
    const { fingerprint } = own;
    let key = own.bytes;
    const statements = [statement, known, ...others.statements].filter((one) => one !== null);
    const copies: Uint8Array[] = [...others.keys];
    const near = { address: `${name}@${host}`, fingerprint, servers: [], isNear: true };
    for await (const found of within(this.#options.search?.(near) ?? none(), TAKEN_BACK_MS)) {
      if (found.statement !== null) statements.push(found.statement);
      copies.push(found.key);
    }
    for (const copy of copies) {
      // Others may have other keys of his name, which say nothing of this one.
      const both = admit([key, copy], signers, this.#options.now());
      key = (await orNull(both))?.bytes ?? key;
    }
    let newest: Found | null = null;
    let refused: PkiAnswer = { kind: 'refused', code: '_uncertified' };
    let isFirst = true;
    for (const authority of authorities) {
      for (const each of statements) {
        const question = { kind: 'person', person, key, statement: each, known, authority } as const;
        const told = await this.answer(question);
        const tried = await orNull(this.#tried(question, honoured, told));
        // Why what he has brought himself does not hold.
        if (tried === null && isFirst) refused = told;
        if (tried !== null && (newest === null || counterOf(each) > counterOf(newest.statement))) {
          newest = { kind: 'found', key, statement: each, authority, ...tried };
        }
        isFirst = false;
      }
    }
    return newest ?? refused;
  }

  /** As a home's answer would be read, or, where that is silent, as it would have been when it fell silent; null: it does not hold. */
  async #tried(
    question: Question<'person'> & { readonly authority: Uint8Array },
    honoured: Honoured | null,
    answered?: PkiAnswer,
  ): Promise<Pick<Found, 'read' | 'isHonoured'> | null> {
    const answer = answered ?? (await this.answer(question));
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

function personAnswer(
  { certificate, statement }: Identified,
  before: SignedStatement | null,
  untilMs: number,
): PkiAnswer & { readonly kind: 'person' } {
  const { devices, revoked } = statement.statement;
  return {
    kind: 'person',
    fingerprint: bytesOfHex(certificate.key.fingerprint)!,
    devices: devices.map((device) => ({ id: idOf(device), key: rawKey(device) })),
    revoked: revoked.map(idOf),
    isNews: before !== null && isSuccessor(before, statement),
    untilMs,
  };
}

const idOf = (device: Device): Uint8Array => deviceId(rawKey(device));

function checkName(person: string, { nick, domain }: { readonly nick: string; readonly domain: string }): void {
  const { host, name } = parseEntity(person);
  if (nick !== name || domain !== host) throw new PkiError('_foreign_user_id', 'the key of another person');
}
