/** Ideal keys: signatures that nobody can forge because a register says who signed what, and certificates that hold because a register says who issued them. docs/simulator.md#ideal-keys */
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Exported } from '../circuit/binding.ts';
import type { HandshakeAnswer, HandshakeQuestion } from '../circuit/client-handshake.ts';
import type { ServerIdentity } from '../circuit/server-handshake.ts';
import { bytesOfHex } from '../crypto/bytes.ts';
import { nobleSuite } from '../crypto/noble.ts';
import type { Suite } from '../crypto/suite.ts';
import type { KeyState, PkiAnswer, PkiQuestion, ToldMove } from '../federation/keys/pki.ts';
import type { IdealPerson, IdealStatement } from './ideal-person.ts';
import { deviceId } from '../pki/device-statement.ts';
import { limits } from '../pki/limits.ts';
import { decodeText, encodeText } from '../psyc/bytes.ts';
import { answerCountersign, isAboutCountersignatures, type Register } from './ideal-countersigning.ts';
import { answerMove, RETIRED } from './ideal-move.ts';
import { answerStatement, counterOf, faultOfStatement } from './ideal-statement.ts';
import { findKeys, ringKeys, visitorKeys } from './ideal-search.ts';

const SIGNATURE_BYTES = 64;
const FINGERPRINT_BYTES = 20;
/** No device at all, in a list of words. */
const NONE = '-';
const TOLD = 'told';

export type { IdealPerson, IdealStatement };

type Question<Kind> = PkiQuestion & { readonly kind: Kind };

/** The registers of one run. Keys and statements are words in a row; a key's certification is two words more. */
export class IdealKeys {
  /** Everything but signatures is real. */
  readonly suite: Suite;
  /** The same with an ideal agreement of keys, for what is sealed: nobody shares a secret without one of the two. */
  readonly sealing: Suite;
  /** What domains' keys say of themselves on all rings, by fingerprint; elsewhere: at key servers only. */
  readonly states = new Map<string, Omit<KeyState, 'key'> & { readonly isElsewhere?: true }>();
  /** What key servers have of people, by uniform. */
  readonly published = new Map<string, { readonly key: Uint8Array; readonly statement: Uint8Array }>();
  /** When certifications that are made now end, in milliseconds since 1970. */
  untilMs = Number.MAX_SAFE_INTEGER;
  /** How long certifications last that a domain makes, in milliseconds; null: until `untilMs`. */
  lifetimeMs: number | null = null;
  /** How long countersignatures last, in milliseconds. */
  countersignatureMs = limits.countersignatureSeconds * 1000;
  /** Whether key servers have whatever a domain certifies. */
  isPublic = false;
  readonly #signed = new Set<string>();
  readonly #issued = new Set<string>();
  /** Texts of invitations, by domain; a domain that is not here is open. */
  readonly #invites = new Map<string, readonly string[]>();

  /** `random`: the run's; `real`: what is not ideal, with that chance. */
  constructor(random: (length: number) => Uint8Array, real: Suite = nobleSuite(random)) {
    const publicKey = (seed: Uint8Array): Uint8Array => real.blake2b(seed, 32, encodeText('public'));
    const signature = (message: Uint8Array, key: Uint8Array): Uint8Array => real.blake2b(message, SIGNATURE_BYTES, key);
    this.suite = {
      ...real,
      ed25519PublicKey: publicKey,
      ed25519Sign: (message, seed) => {
        const made = signature(message, publicKey(seed));
        this.#signed.add(bytesToHex(made));
        return made;
      },
      ed25519Verify: (claimed, message, key) => {
        if (claimed.length !== SIGNATURE_BYTES || key.length !== 32) return false;
        const hex = bytesToHex(signature(message, key));
        return this.#signed.has(hex) && bytesToHex(claimed) === hex;
      },
    };
    const agreed = (one: Uint8Array, other: Uint8Array): Uint8Array => {
      const [first, second] = [one, other].map(bytesToHex).toSorted();
      return real.blake2b(encodeText(`${first} ${second}`), 32, encodeText('agreed'));
    };
    this.sealing = {
      ...this.suite,
      x25519PublicKey: publicKey,
      x25519: (secret, other) => agreed(publicKey(secret), other),
    };
  }

  /** A domain's key; `name` tells several of one domain apart, since anybody can make one. */
  domain(domain: string, name = 'first'): ServerIdentity {
    const seed = this.#seedOf(`domain ${domain} ${name}`);
    const certificate = this.#issue(`domain ${domain} ${bytesToHex(this.suite.ed25519PublicKey(seed))}`);
    return { domain, seed, certificate, fingerprint: this.#fingerprint(certificate) };
  }

  /** A device's seed, the same each time. */
  device(name: string): Uint8Array {
    return this.#seedOf(`device ${name}`);
  }

  /** The secret with which a person opens what is sealed to him, the same each time. */
  secretOf(person: string): Uint8Array {
    return this.#seedOf(`reader ${person}`);
  }

  /** The id of the device with this seed. */
  idOf(seed: Uint8Array): Uint8Array {
    return deviceId(this.suite.ed25519PublicKey(seed));
  }

  /** A person with these devices; nobody has certified his key. */
  person(
    person: string,
    seeds: readonly Uint8Array[],
    { counter = 1, revoked = [], identity = person }: IdealStatement = {},
  ): IdealPerson {
    const list = (devices: readonly Uint8Array[]): string =>
      devices.map((seed) => bytesToHex(this.suite.ed25519PublicKey(seed))).join() || NONE;
    const key = this.#issue(`person ${person} ${identity}`);
    const fingerprint = this.#fingerprint(key);
    const statement = `devices ${person} ${bytesToHex(fingerprint)} ${counter} ${list(seeds)} ${list(revoked)}`;
    return { key, fingerprint, statement: this.#issue(statement) };
  }

  /** The statement that `to` follows `from`, signed by both, or by `by`, a recovery key, in place of the first; `seq` of the new key. `after`: the statement before; without, it is the first. */
  rotation(
    from: ServerIdentity,
    to: ServerIdentity,
    seq: number,
    beginMs: number,
    untilMs: number,
    { by = from, after }: { readonly by?: ServerIdentity; readonly after?: Uint8Array } = {},
  ): Uint8Array {
    const [old, next, giver] = [from, to, by].map(({ fingerprint }) => bytesToHex(fingerprint));
    const before = after === undefined ? NONE : this.#hashOf(after);
    return this.#issue(`rotation ${old} ${next} ${seq} ${beginMs} ${untilMs} ${before} ${giver}`);
  }

  /** That who had this key and name has that one now, as both keys say. */
  move(from: IdealPerson, to: IdealPerson, counter: number, timeMs: number): ToldMove {
    const text = `move ${[from, to].map(({ fingerprint }) => bytesToHex(fingerprint)).join(' ')} ${counter} ${timeMs}`;
    return { statement: this.#issue(text), before: from.key };
  }

  /** A person's key with his domain's certification, until then, in milliseconds since 1970. */
  certified(key: Uint8Array, domain: ServerIdentity, untilMs = this.untilMs): Uint8Array {
    const [word, person, identity] = decodeText(key).split(' ');
    return this.#issue(`${word} ${person} ${identity} ${bytesToHex(domain.fingerprint)} ${untilMs}`);
  }

  /** A person's key in which he has taken his name back. */
  retired(key: Uint8Array): Uint8Array {
    const [word, person, identity] = decodeText(key).split(' ');
    return this.#issue(`${word} ${person} ${identity} ${RETIRED}`);
  }

  /** From now on the domain takes nobody without one of these invitations; null: it takes everybody. */
  close(domain: string, invites: readonly string[] | null): void {
    if (invites === null) this.#invites.delete(domain);
    else this.#invites.set(domain, invites);
  }

  /** What both ends of a stream export. */
  exported(stream: string): Exported {
    const secret = (role: string): Uint8Array => this.suite.blake2b(encodeText(`${stream} ${role}`), 32);
    return {
      initiator: secret('initiator'),
      acceptor: secret('acceptor'),
      host: secret('host'),
      device: secret('device'),
    };
  }

  /** What the OpenPGP of the server with this key would answer at this time, in milliseconds since 1970. */
  answer(question: PkiQuestion, identity: ServerIdentity, unixMs: number): PkiAnswer {
    if (question.kind === 'domain') return this.#domain(question);
    if (question.kind === 'close') return this.#close(question);
    if (question.kind === 'move' || question.kind === 'move name')
      return answerMove(
        question,
        (bytes) => this.#read(bytes),
        (key) => this.#fingerprint(key),
        this.published,
      );
    if (question.kind === 'ring') return ringKeys(question.search, this.published);
    if (question.kind === 'rotation') return this.#rotation(question);
    if (question.kind === 'domain state') return this.#domainState(question);
    const judge = (asked: Question<'person'>, atMs: number): PkiAnswer => this.#person(asked, identity, atMs);
    const published = 'person' in question ? this.published.get(question.person) : undefined;
    if (question.kind === 'find') return findKeys(judge, question, published, unixMs);
    if (question.kind === 'visitor') {
      return visitorKeys(judge, question, published, (statement) => this.#counterOf(statement), unixMs);
    }
    if (isAboutCountersignatures(question)) return answerCountersign(this.#register, question, identity, unixMs);
    if (question.kind === 'person') return this.#person(question, identity, unixMs);
    const { lifetimeMs } = this;
    return this.#certify(question, identity, lifetimeMs === null ? this.untilMs : unixMs + lifetimeMs);
  }

  /** What a client's OpenPGP would answer. */
  answerClient(question: HandshakeQuestion, unixMs: number): HandshakeAnswer {
    if (question.kind === 'check certification') {
      const read = this.#read(question.key);
      const isIt =
        read?.[1] === question.person && bytesToHex(this.#fingerprint(question.key)) === question.fingerprint;
      const code = isIt ? this.#faultOfCertification(read, question.domainKey, unixMs) : '_foreign_user_id';
      return code === null ? { kind: 'certified' } : { kind: 'refused', code };
    }
    if (question.kind === 'check statement' || question.kind === 'check enrolment') {
      const person = this.#read(question.key)?.[1] ?? '';
      return answerStatement(question, person, this.#fingerprint(question.key), (bytes) => this.#read(bytes));
    }
    const read = this.#read(question.key);
    if (read?.[0] !== 'domain') return { kind: 'refused', code: '_invalid_key' };
    const circuitKey = bytesOfHex(read[2]!);
    const fingerprint = this.#fingerprint(question.key);
    const follows = this.#followed(question, question.key, unixMs);
    return { kind: 'domain key', domain: read[1]!, fingerprint, circuitKey, follows };
  }

  /** Fingerprints of the keys that have led to this one, each by the word of the one before. */
  #followed(
    { succession }: HandshakeQuestion & { readonly kind: 'read domain key' },
    key: Uint8Array,
    unixMs: number,
  ): Uint8Array[] {
    if (succession === null) return [];
    let follows: Uint8Array[] = [];
    let old = this.#fingerprint(succession.before);
    for (const step of [...succession.earlier, { statement: succession.statement, key }]) {
      const [word, from, to, , begin = '', until] = this.#read(step.statement) ?? [];
      const next = this.#fingerprint(step.key);
      const isIt = word === 'rotation' && from === bytesToHex(old) && to === bytesToHex(next);
      follows = isIt && Number(begin) <= unixMs && unixMs < Number(until) ? [...follows, old] : [];
      old = next;
    }
    return follows;
  }

  #domain({ domain, key }: Question<'domain'>): PkiAnswer {
    const read = this.#read(key);
    if (read?.[0] !== 'domain' || read[1] !== domain) return { kind: 'refused', code: '_foreign_user_id' };
    return { kind: 'domain', fingerprint: this.#fingerprint(key), circuitKey: bytesOfHex(read[2]!) };
  }

  #domainState({ fingerprint, copies, servers }: Question<'domain state'>): PkiAnswer {
    const found = this.states.get(bytesToHex(fingerprint));
    const key = copies.find((copy) => bytesToHex(this.#fingerprint(copy)) === bytesToHex(fingerprint));
    if (key === undefined) return { kind: 'refused', code: '_keys_unknown' };
    const isIts = (copy: Uint8Array): boolean =>
      bytesToHex(this.#fingerprint(copy)) === bytesToHex(fingerprint) && decodeText(copy).split(' ')[3] === TOLD;
    const told = copies.find(isIts);
    const isHere = found !== undefined && (found.isElsewhere !== true || servers !== null || told !== undefined);
    const { revocation, endsMs } = isHere ? found : { revocation: null, endsMs: null };
    // Whoever has a copy with a word of its state in it has heard of it.
    const whole = isHere ? this.#issue(`${decodeText(key).split(' ').slice(0, 3).join(' ')} ${TOLD}`) : key;
    return { kind: 'domain state', key: whole, revocation, endsMs };
  }

  #rotation({ domain, statement, olds, key, recovery }: Question<'rotation'>): PkiAnswer {
    const read = this.#read(statement);
    if (read?.[0] !== 'rotation') return { kind: 'refused', code: '_forged_rotation' };
    const [, from, to, seq, begin, until, before, giver] = read;
    const isThere = olds.some((old) => bytesToHex(this.#fingerprint(old)) === from);
    const isByRecovery = recovery !== null && bytesToHex(this.#fingerprint(recovery)) === giver;
    if (!(isThere && giver === from) && !isByRecovery) return { kind: 'refused', code: '_forged_rotation' };
    if (this.#read(key)?.[1] !== domain || to !== bytesToHex(this.#fingerprint(key))) {
      return { kind: 'refused', code: '_foreign_rotation' };
    }
    const hash = this.#hashOf(statement);
    return {
      kind: 'rotation',
      rotation: {
        from: from!,
        to,
        seq: Number(seq),
        previous: before === NONE ? null : before!,
        notBeforeMs: Number(begin),
        expiresMs: Number(until),
        signer: giver === from ? 'old key' : { recovery: giver! },
        hash,
        recovery: null,
      },
    };
  }

  #person(
    { person, key, statement, known, authority }: Question<'person'>,
    home: ServerIdentity,
    unixMs: number,
  ): PkiAnswer {
    const named = this.#read(key);
    if (named?.[0] !== 'person') return { kind: 'refused', code: '_invalid_key' };
    const fingerprint = this.#fingerprint(key);
    const forged = this.#faultOf(statement, named[1]!, fingerprint, null);
    if (forged !== null) return { kind: 'refused', code: forged };
    const uncertified = this.#faultOfCertification(named, authority ?? home.certificate, unixMs);
    if (authority !== null && uncertified !== null) return { kind: 'refused', code: uncertified };
    const stale = this.#faultOf(statement, named[1]!, fingerprint, known);
    if (stale !== null) return { kind: 'refused', code: stale };
    if (named[1] !== person) return { kind: 'refused', code: '_foreign_user_id' };
    const [listed, revoked] = this.#read(statement)!.slice(4).map(keysIn);
    return {
      kind: 'person',
      fingerprint,
      devices: listed!.map((raw) => ({ id: deviceId(raw), key: raw })),
      revoked: revoked!.map((raw) => deviceId(raw)),
      isNews: known !== null && this.#counterOf(statement) > this.#counterOf(known),
      untilMs: uncertified === null ? Number(named[4]) : 0,
    };
  }

  #certify(
    { person, key, statement, invite, member }: Question<'certify'>,
    home: ServerIdentity,
    untilMs: number,
  ): PkiAnswer {
    const invites = this.#invites.get(home.domain);
    const isMember = member !== null;
    if (isMember && bytesToHex(member) !== bytesToHex(this.#fingerprint(key))) {
      return { kind: 'refused', code: '_registration_taken' };
    }
    if (!isMember && invites !== undefined) {
      if (invite === null) return { kind: 'refused', code: '_registration_closed' };
      if (!invites.includes(invite)) return { kind: 'refused', code: '_registration_invalid_invite' };
    }
    const named = this.#read(key);
    if (named?.[0] !== 'person') return { kind: 'refused', code: '_invalid_key' };
    const fingerprint = this.#fingerprint(key);
    const code = this.#faultOf(statement, named[1]!, fingerprint, null);
    if (code !== null) return { kind: 'refused', code };
    if (named[1] !== person) return { kind: 'refused', code: '_foreign_user_id' };
    const used = isMember || invites === undefined || invite === null ? null : `name of ${invite}`;
    const signed = this.certified(key, home, untilMs);
    if (this.isPublic) this.published.set(person, { key: signed, statement });
    return { kind: 'certified', key: signed, fingerprint, invite: used };
  }

  #close({ person, key, member, isByAdmin }: Question<'close'>): PkiAnswer {
    const named = this.#read(key);
    if (named?.[0] !== 'person') return { kind: 'refused', code: '_invalid_key' };
    const isTheirs = bytesToHex(member) === bytesToHex(this.#fingerprint(key));
    if (!isTheirs || named[1] !== person) return { kind: 'refused', code: '_trust_changed_key' };
    return named[3] === RETIRED || isByAdmin
      ? { kind: 'closed', key }
      : { kind: 'refused', code: '_necessary_revocation' };
  }

  /** What is wrong with what a domain says of a key, whose words these are; or null. */
  #faultOfCertification(
    [, person, , certifier, until]: string[],
    authority: Uint8Array,
    unixMs: number,
  ): string | null {
    const domain = this.#read(authority)?.[1];
    if (person?.startsWith(`psyc://${domain}/`) !== true) return '_foreign_user_id';
    if (certifier !== bytesToHex(this.#fingerprint(authority))) return '_uncertified';
    return unixMs < Number(until) ? null : '_expired_certification';
  }

  #faultOf(statement: Uint8Array, person: string, fingerprint: Uint8Array, known: Uint8Array | null): string | null {
    return faultOfStatement({ statement, person, fingerprint, known }, (bytes) => this.#read(bytes));
  }

  #counterOf(statement: Uint8Array): number {
    return counterOf(statement, (bytes) => this.#read(bytes));
  }

  get #register(): Register {
    return {
      read: (bytes) => this.#read(bytes),
      issue: (text) => this.#issue(text),
      fingerprint: (key) => this.#fingerprint(key),
      lastsMs: this.countersignatureMs,
    };
  }

  #hashOf(statement: Uint8Array): string {
    return bytesToHex(this.suite.blake2b(statement, 32));
  }

  #seedOf(name: string): Uint8Array {
    return this.suite.blake2b(encodeText(name), 32, encodeText('seed'));
  }

  /** The same with a certification and without; a person's covers the key alone, and not whose name is on it (RFC 9580 5.5.4). */
  #fingerprint(key: Uint8Array): Uint8Array {
    const words = decodeText(key).split(' ').slice(0, 3);
    if (words[0] === 'person') words[1] = '';
    return this.suite.blake2b(encodeText(words.join(' ')), FINGERPRINT_BYTES);
  }

  #issue(text: string): Uint8Array {
    this.#issued.add(text);
    return encodeText(text);
  }

  /** The words of what was issued; null for what was not. */
  #read(bytes: Uint8Array): string[] | null {
    const text = decodeText(bytes);
    return this.#issued.has(text) ? text.split(' ') : null;
  }
}

const keysIn = (word: string): Uint8Array[] => (word === NONE ? [] : word.split(',').map((hex) => bytesOfHex(hex)!));
