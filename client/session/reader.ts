/** A packet that was heard: whose word it is, and what it says. docs/spec/people.md#shown */
import { Authority, judge, type Signed } from '../../circuit/authority.ts';
import type { ProofCode } from '../../circuit/proof-errors.ts';
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { PsycError } from '../../psyc/error.ts';
import { inherits } from '../../psyc/keyword.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Route } from '../../psyc/reply.ts';
import { isEntity, withoutChannel } from '../../psyc/uniform.ts';
import { actKindOf } from '../../publication/act.ts';
import { type Attachment, readAttachment } from '../../publication/attachment.ts';
import { PublicationError } from '../../publication/error.ts';
import type { Publication } from '../../publication/fields.ts';
import { isFeed } from '../../publication/feed.ts';
import { readPublication } from '../../publication/packet.ts';
import { MEMBERS_METHOD } from '../../publication/members-only.ts';
import { openPrivate, SEALED_METHOD } from '../../publication/private.ts';
import { type Reference, readReference } from '../../publication/reference.ts';
import { KEY_METHOD } from '../../publication/sender-key.ts';
import { verifyPublication } from '../../publication/sign.ts';
import { textIn } from '../../publication/text.ts';
import type { Moment, Word } from './events.ts';
import type { Keyring, Keys } from './keyring.ts';
import type { SenderKeys } from './sender-keys.ts';
import type { Sought } from './key-search.ts';
import { sessionLimits } from './limits.ts';

/** Who reads. */
export interface ReaderOptions {
  readonly suite: Suite;
  /** `psyc://domain/~nick`. */
  readonly person: string;
  /** The domain whose server tells us. */
  readonly host: string;
  /** Of our identity key. */
  readonly fingerprint: Uint8Array;
  /** X25519 secrets of what is sealed to us, the oldest first. */
  readonly secrets: readonly Uint8Array[];
}

/** What a packet says. */
export interface Reading {
  readonly author: string;
  readonly word: Word;
  readonly method: string;
  /** null: sealed, and does not open. */
  readonly text: string | null;
  /** Whether the text says what he does. */
  readonly isAction: boolean;
  readonly isSealed: boolean;
  readonly timeMs: number | null;
  /** Where its author has signed it: the statement, and its id. */
  readonly publication: Publication | null;
  readonly id: Uint8Array | null;
  /** What it says of another publication; null: nothing. */
  readonly reference: Reference | null;
  /** The file that belongs to it; null: none does. */
  readonly attachment: Attachment | null;
}

/** Nobody may have said this to us: the circuit is to be closed with the code. */
export interface Violation {
  readonly violation: ProofCode;
}

/** What the signature is worth. */
type Signature =
  | { readonly kind: 'none'; readonly code: string | null }
  | {
      readonly kind: 'good';
      readonly publication: Publication;
      readonly id: Uint8Array;
      readonly reference: Reference | null;
      readonly attachment: Attachment | null;
    }
  | { readonly kind: 'bad'; readonly code: string }
  | { readonly kind: 'waiting' };

/** One session's reader. */
export class Reader {
  readonly #options: ReaderOptions;
  readonly #keyring: Keyring;
  readonly #senderKeys: SenderKeys;
  readonly #speaker = new Authority(true);
  readonly #hearer = new Authority();

  /** Whether a key that has not come may yet be found. */
  #seeks: (sought: Sought, now: Moment) => boolean = () => false;

  constructor(options: ReaderOptions, keyring: Keyring, senderKeys: SenderKeys) {
    this.#senderKeys = senderKeys;
    this.#options = options;
    this.#keyring = keyring;
    this.#speaker.proveHost(options.host);
    this.#hearer.provePerson(options.person);
  }

  /** From now on keys that have not come are looked for. */
  seekKeys(seeks: (sought: Sought, now: Moment) => boolean): void {
    this.#seeks = seeks;
  }

  /** Whether a key of a members-only place has come. */
  isKeySeen(name: string): boolean {
    return this.#senderKeys.isSeen(name);
  }

  /**
   * null: its author's keys, or the key under which he said it, have to come first; ask again when they have. `sinceMs`: when it came; `isOld`: it was looked
   * for. Never throws.
   */
  read(
    packet: Packet,
    routing: ReadonlyMap<string, string>,
    sinceMs: number,
    now: Moment,
    isOld = false,
  ): Reading | Violation | null {
    const route: Route = (name) => routing.get(name);
    const method = packet.method ?? '';
    const author = authorOf(route);
    const signature = this.#signed(packet, route, author, sinceMs, now);
    if (signature.kind === 'waiting') return null;
    const isGood = signature.kind === 'good';
    if (signature.kind !== 'bad') {
      const signed = isGood ? { author, address: signature.publication.address } : null;
      const violation = this.#violation(route, author, method, signed);
      if (violation !== null) return { violation };
    }
    const word: Word = isGood
      ? { kind: 'author' }
      : signature.kind === 'bad'
        ? signature
        : { kind: 'hearsay', host: this.#options.host, code: signature.code };
    const reading = {
      author,
      word,
      method,
      isSealed: false,
      ...textIn(packet),
      timeMs: isGood ? signature.publication.timeMs : null,
      publication: isGood ? signature.publication : null,
      id: isGood ? signature.id : null,
      reference: isGood ? signature.reference : null,
      attachment: isGood ? signature.attachment : null,
    };
    if (isGood && method === KEY_METHOD) this.#senderKeys.take(packet, author, signature.publication, isOld);
    if (isGood && method === MEMBERS_METHOD) {
      const lacking = this.#senderKeys.lacking(packet, signature.publication);
      if (lacking !== null && this.#seeks(lacking, now)) return null;
      const inner = this.#senderKeys.open(packet, author, signature.publication);
      const said = inner === null ? { text: null, isAction: false } : textIn(inner);
      return { ...reading, isSealed: true, method: inner?.method ?? method, ...said };
    }
    if (method === MEMBERS_METHOD) return { ...reading, isSealed: true, text: null, isAction: false };
    return method === SEALED_METHOD ? this.#opened(packet, reading) : reading;
  }

  /** Our home may speak for whom it likes, but our own words we have from nobody but ourselves. */
  #violation(route: Route, author: string, method: string, signed: Signed | null): ProofCode | null {
    if (author === this.#options.person && inherits(method, '_message') && signed === null) {
      return route('_context') ? '_authority_unproved_source_relay' : '_authority_unproved_source';
    }
    // A place tells who came and went, us among them.
    const isTold = route('_context') && !inherits(method, '_message');
    const heading: Route = isTold ? (name) => (name === '_source_relay' ? undefined : route(name)) : route;
    const judgement = judge(this.#speaker, this.#hearer, heading, signed);
    return judgement.allowed ? null : judgement.code;
  }

  /** What looks after a place is asked with a signature, or by nobody. */
  #signed(packet: Packet, route: Route, author: string, sinceMs: number, now: Moment): Signature {
    const signature = this.#signature(packet, route, author, sinceMs, now);
    const isUnsigned = signature.kind === 'none' && signature.code === null && isAsked(packet.method);
    return isUnsigned ? { kind: 'bad', code: '_necessary_signature' } : signature;
  }

  #signature(packet: Packet, route: Route, author: string, sinceMs: number, now: Moment): Signature {
    try {
      const publication = readPublication(packet, route);
      if (publication === null) return { kind: 'none', code: null };
      if (!isPerson(author)) return { kind: 'bad', code: '_publication_foreign_source' };
      const isPublished = isFeed(publication.address);
      const reference = isPublished ? readReference(packet, publication) : null;
      const attachment = isPublished ? readAttachment(packet) : null;
      const signature = this.#checked(publication, route, author, sinceMs, now);
      return signature.kind === 'good' ? { ...signature, reference, attachment } : signature;
    } catch (error) {
      if (error instanceof PublicationError || error instanceof PsycError) return { kind: 'bad', code: error.code };
      throw error;
    }
  }

  #checked(publication: Publication, route: Route, author: string, sinceMs: number, now: Moment): Signature {
    const device = hexOf(publication.device);
    const { monotoneMs, wallMs } = now;
    let known = this.#keyring.of(author, monotoneMs, sessionLimits.keysTrustedMsMax);
    if (known.kind === 'known' && isOutdated(known, device, wallMs)) {
      known = this.#keyring.of(author, monotoneMs, monotoneMs - sinceMs);
    }
    if (known.kind === 'waiting') return known;
    if (known.kind === 'refused') {
      // Who cannot be asked is heard by the server's word; ourselves, and who has another key than before, by nobody's.
      const isUnknown = unanswered.has(known.code) && author !== this.#options.person;
      return { kind: isUnknown ? 'none' : 'bad', code: known.code };
    }
    const { devices, revoked, fingerprint, until } = known.keys;
    const deviceKey = devices.get(device);
    if (revoked.has(device)) return { kind: 'bad', code: '_revoked_device' };
    if (deviceKey === undefined) return { kind: 'bad', code: '_unlisted_device' };
    if (wallMs >= until * 1000) return { kind: 'bad', code: '_expired_certification' };
    if (hexOf(publication.fingerprint) !== fingerprint) return { kind: 'bad', code: '_publication_foreign_key' };
    const by = { uniform: author, fingerprint: publication.fingerprint, deviceKey };
    return {
      kind: 'good',
      publication,
      id: verifyPublication(this.#options.suite, publication, by, route, wallMs),
      reference: null,
      attachment: null,
    };
  }

  /** What was sealed, with any of the secrets we have; the newest is the likeliest. */
  #opened(packet: Packet, reading: Reading): Reading {
    const { suite, person, fingerprint, secrets } = this.#options;
    const author = reading.publication?.fingerprint ?? null;
    let code = '_publication_invalid_seal';
    for (const secret of secrets.toReversed()) {
      try {
        const inner = openPrivate(suite, author, { uniform: person, fingerprint }, secret, packet);
        return { ...reading, isSealed: true, method: inner.method ?? '', ...textIn(inner) };
      } catch (error) {
        if (!(error instanceof PublicationError)) throw error;
        if (error.code === '_publication_foreign_seal') ({ code } = error);
      }
    }
    const word: Word = reading.word.kind === 'bad' ? reading.word : { kind: 'bad', code };
    return { ...reading, word, isSealed: true, text: null, isAction: false };
  }
}

/** What a place is asked by its members, and not said there. */
const isAsked = (method: string | null): boolean => actKindOf(method) !== null || method === KEY_METHOD;

/** Codes after which nothing is known of the keys, good or bad. */
const unanswered = new Set(['_session_unanswered_keys', '_unknown_target', '_unsupported_method']);

/** Keys that may have been replaced since we asked. */
const isOutdated = ({ keys }: Extract<Keys, { kind: 'known' }>, device: string, wallMs: number): boolean =>
  wallMs >= keys.until * 1000 || (!keys.devices.has(device) && !keys.revoked.has(device));

/** Who is said to have said it, without his channel; '' where nobody is named. */
export const authorOf = (route: Route): string => withoutChannel(route('_source_relay') || route('_source') || '');

/** Whether it is a person's uniform, in its one form. */
export function isPerson(uniform: string): boolean {
  return isEntity(uniform, 'person');
}

/** Whether it is that of a log that others hear as well: a place's, or somebody's publications. */
export function isLog(uniform: string): boolean {
  return isEntity(uniform, 'place') || isFeed(uniform);
}
