/** OpenPGP for a node: reads the keys that others show, and certifies its own people's. docs/spec/people.md */
import type { PkiAnswer, PkiQuestion } from '../../federation/pki.ts';
import { type Certificate, checkGood, circuitKey, readCertificate } from '../../pki/certificate.ts';
import { certify, certStatus, revoke } from '../../pki/certification.ts';
import { type Device, deviceId, rawKey, type SignedStatement, splitStatement } from '../../pki/device-statement.ts';
import { isSuccessor, readStatement } from '../../pki/enrolment.ts';
import { PkiError } from '../../pki/error.ts';
import { parsePublic } from '../../pki/key-packet.ts';
import { splitPackets } from '../../pki/packets.ts';
import { admit } from '../../pki/ring.ts';
import { readRotation } from '../../pki/rotation.ts';
import { NO_ROTATION, rotationHash } from '../../pki/rotation-statement.ts';
import type { SecretKey } from '../../pki/secret-key.ts';
import { checkIdentity, checkPerson, type Identified, type Staple } from '../../pki/staple.ts';
import { domainOf, personOf } from '../../pki/user-id.ts';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { renderUserId } from '../../psyc/names.ts';
import { answerCountersign } from './countersigner.ts';
import { parseEntity } from '../../psyc/uniform.ts';

/** What a notary works with. */
export interface NotaryOptions {
  /** The domain's own. */
  readonly key: SecretKey;
  readonly isOpen: boolean;
  /** The name of an invitation as somebody typed it, if it is one of this domain's; null: it is none. */
  readonly inviteNamed: (typed: string) => Promise<string | null>;
  /** Told of the key of another domain's person, which that domain certifies now. */
  readonly learned?: (key: Uint8Array) => void;
  /** Unix seconds. */
  readonly now: () => number;
}

/** A question of a kind. */
type Question<Kind> = PkiQuestion & { readonly kind: Kind };

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
        case 'rotation':
          return await this.#rotation(question);
        case 'countersign':
        case 'uncountersign':
        case 'read countersignature':
          return await answerCountersign(this.#options.key, question, this.#options.now());
        case 'certify':
          return await this.#certify(question);
        case 'close':
          return await this.#close(question);
      }
    } catch (error) {
      if (error instanceof PkiError) return { kind: 'refused', code: error.code };
      throw error;
    }
  }

  async #domain({ domain, key }: Question<'domain'>): Promise<PkiAnswer> {
    const now = this.#options.now();
    const certificate = await readCertificate(key);
    checkGood(certificate, now);
    if (domainOf(certificate) !== domain)
      throw new PkiError('_foreign_user_id', 'the key of another domain, or of none');
    return {
      kind: 'domain',
      fingerprint: bytesOfHex(certificate.key.fingerprint)!,
      circuitKey: circuitKey(certificate, now),
    };
  }

  async #rotation({ statement, old, key }: Question<'rotation'>): Promise<PkiAnswer> {
    const keys = { old: await readCertificate(old), new: await readCertificate(key), recovery: null };
    const { rotation, signed } = await readRotation(statement, keys, this.#options.now());
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
        signer: 'old key',
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
    const { devices, revoked } = found.statement.statement;
    return {
      kind: 'person',
      fingerprint: bytesOfHex(found.certificate.key.fingerprint)!,
      devices: devices.map((device) => ({ id: idOf(device), key: rawKey(device) })),
      revoked: revoked.map(idOf),
      isNews: before !== null && isSuccessor(before, found.statement),
      untilMs: found.until * 1000,
    };
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
    const { key, now } = this.#options;
    const status = await certStatus(certificate, userId, key.certificate, now());
    if (status.isValid) return status.until;
    if (status.code !== '_revoked_certification') return 0;
    throw new PkiError(status.code, 'this domain has taken its certification back');
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
      kept === null ? shown : await readCertificate((await admit([key, kept], [authority.certificate], now)).bytes);
    await this.#checkStanding(certificate, userId);
    const certified = await certify(authority, certificate, userId, now);
    // What others wrote on the key goes nowhere from here.
    const { bytes } = await admit([certified], [authority.certificate], now);
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
    return { kind: 'closed', key: (await admit([revoked], [authority.certificate], now())).bytes };
  }
}

/** Whether a key is said to have this fingerprint: nothing is checked, and nothing costs. */
function isKeyOf(key: Uint8Array, fingerprint: Uint8Array): boolean {
  const [primary] = splitPackets(key);
  return primary !== undefined && parsePublic(primary.body).fingerprint === hexOf(fingerprint);
}

const idOf = (device: Device): Uint8Array => deviceId(rawKey(device));

function checkName(person: string, { nick, domain }: { readonly nick: string; readonly domain: string }): void {
  const { host, name } = parseEntity(person);
  if (nick !== name || domain !== host) throw new PkiError('_foreign_user_id', 'the key of another person');
}
