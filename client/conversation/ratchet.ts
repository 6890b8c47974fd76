/** One conversation's Double Ratchet: an address and keys for each message, a new X25519 key in each turn. docs/spec/conversations.md#ratchet */
import { joinBytes, textBytes, uint32 } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import { type Signed, signValue } from '../../services/mailbox/address.ts';
import { mailboxLimits } from '../../services/mailbox/limits.ts';
import { ConversationError } from './error.ts';
import { addressStep, bindingOf, chainStep, firstKeys, resyncKey, rootStep, saltedKey } from './keys.ts';
import { conversationLimits } from './limits.ts';

const HEADER = textBytes('p3do-conversation-header-v1');
const BODY = textBytes('p3do-conversation-body-v1');
const ZERO = new Uint8Array(lengths.nonce);
const SALT_BYTES = 16;
const HEADER_BYTES = lengths.x25519 + 4;
const BODY_AT = SALT_BYTES + HEADER_BYTES + lengths.tag;

/** Bytes of a body: always so many. */
export const bodyBytes = mailboxLimits.valueBytes - BODY_AT - lengths.tag;

/** A turn of one side: keys of the next message, and how many there were. */
interface Turn {
  readonly chain: Uint8Array;
  readonly addresses: Uint8Array;
  readonly count: number;
}

/** A message that has not come when a later one had: where it lies, and its keys. */
interface Skipped {
  readonly address: Uint8Array;
  readonly header: Uint8Array;
  readonly key: Uint8Array;
  /** When that was seen, Unix hours. */
  readonly hour: number;
}

/** What one side keeps. Of an invitation that nobody has accepted only `root`, `own` and `nextReceiving` are there. */
export interface Ratchet {
  readonly root: Uint8Array;
  /** X25519 secret of the newest turn of our own. */
  readonly own: Uint8Array;
  readonly peer: Uint8Array | null;
  readonly sending: Turn | null;
  readonly receiving: Turn | null;
  /** Addresses of our next turn; null: it is not ours to begin one. */
  readonly nextSending: Uint8Array | null;
  /** Addresses of the other's next turn; null: he begins none before we do. */
  readonly nextReceiving: Uint8Array | null;
  /** Messages of our turn before. */
  readonly previous: number;
  readonly skipped: readonly Skipped[];
  /** Of the first keys of both; null as long as nobody has accepted. */
  readonly binding: Uint8Array | null;
  readonly resync: Uint8Array | null;
}

/** Who is invited begins: `prekey` and `secret` are the invitation's. Throws ConversationError where the key is none. */
export function acceptRatchet(suite: Suite, prekey: Uint8Array, secret: Uint8Array): Ratchet {
  const own = suite.random(lengths.x25519);
  const shared = suite.x25519(own, prekey);
  if (shared === null) throw new ConversationError('_conversation_invalid_invitation', 'the key in it is none');
  const first = firstKeys(suite, secret);
  const step = rootStep(suite, first.root, shared);
  return {
    root: step.root,
    own,
    peer: prekey,
    sending: { chain: step.chain, addresses: first.addresses, count: 0 },
    receiving: null,
    nextSending: null,
    nextReceiving: step.addresses,
    previous: 0,
    skipped: [],
    binding: bindingOf(suite, prekey, suite.x25519PublicKey(own)),
    resync: resyncKey(suite, step.root),
  };
}

/** Who has invited waits: `own` is the secret of the invitation's key. */
export function inviteRatchet(suite: Suite, own: Uint8Array, secret: Uint8Array): Ratchet {
  const { root, addresses } = firstKeys(suite, secret);
  const nothing = { peer: null, sending: null, receiving: null, nextSending: null, binding: null, resync: null };
  return { root, own, ...nothing, nextReceiving: addresses, previous: 0, skipped: [] };
}

/** A new turn with a new key, where it is ours; where it is not, the same. null: nobody has accepted. */
function inTurn(suite: Suite, ratchet: Ratchet): (Ratchet & { readonly sending: Turn }) | null {
  const { root, peer, sending, nextSending } = ratchet;
  if (nextSending === null || peer === null) return sending === null ? null : { ...ratchet, sending };
  const own = suite.random(lengths.x25519);
  // The peer's key has given a shared secret when it came.
  const step = rootStep(suite, root, suite.x25519(own, peer)!);
  return {
    ...ratchet,
    root: step.root,
    own,
    sending: { chain: step.chain, addresses: nextSending, count: 0 },
    nextSending: null,
    nextReceiving: step.addresses,
    previous: sending?.count ?? 0,
  };
}

/**
 * Seals a body of `bodyBytes`: the value for its address, and the ratchet behind it, which must be durable before the value leaves.
 * Throws ConversationError `_conversation_unanswered`, `_conversation_excessive_turn`.
 */
export function sealNext(
  suite: Suite,
  before: Ratchet,
  body: Uint8Array,
): { readonly ratchet: Ratchet; readonly signed: Signed } {
  const ratchet = inTurn(suite, before);
  if (ratchet === null || ratchet.binding === null)
    throw new ConversationError('_conversation_unanswered', 'nobody has accepted the invitation yet');
  const { sending, own, previous, binding } = ratchet;
  if (sending.count >= conversationLimits.turnMax)
    throw new ConversationError('_conversation_excessive_turn', 'so much was said without an answer: wait for one');
  const { key, next: chain } = chainStep(suite, sending.chain);
  const { seed, header, next: addresses } = addressStep(suite, sending.addresses);
  const address = suite.ed25519PublicKey(seed);
  const salt = suite.random(SALT_BYTES);
  const said = joinBytes(suite.x25519PublicKey(own), uint32(previous));
  const sealedHeader = suite.chacha20poly1305Seal(
    saltedKey(suite, header, salt),
    ZERO,
    said,
    joinBytes(HEADER, address),
  );
  const aad = joinBytes(BODY, binding, address, sealedHeader);
  const sealedBody = suite.chacha20poly1305Seal(saltedKey(suite, key, salt), ZERO, body, aad);
  const signed = signValue(suite, seed, joinBytes(salt, sealedHeader, sealedBody));
  return { ratchet: { ...ratchet, sending: { chain, addresses, count: sending.count + 1 } }, signed };
}

/** Where a message of the other side may lie. */
export type Whereabouts =
  | { readonly kind: 'current' | 'next'; readonly index: number; readonly address: Uint8Array }
  | { readonly kind: 'skipped'; readonly address: Uint8Array };

function ahead(suite: Suite, kind: 'current' | 'next', addresses: Uint8Array | undefined | null): Whereabouts[] {
  const places: Whereabouts[] = [];
  let left = addresses ?? null;
  for (let index = 0; left !== null && index < conversationLimits.lookAhead; index++) {
    const { seed, next } = addressStep(suite, left);
    places.push({ kind, index, address: suite.ed25519PublicKey(seed) });
    left = next;
  }
  return places;
}

/** All addresses at which something may lie now: of the other's present turn, of the next one, and what was skipped. */
export const whereabouts = (suite: Suite, { nextReceiving, receiving, skipped }: Ratchet): Whereabouts[] => [
  ...ahead(suite, 'current', receiving?.addresses),
  ...ahead(suite, 'next', nextReceiving),
  ...skipped.map(({ address }) => ({ kind: 'skipped' as const, address })),
];

/** The turn behind `count` more messages, with what lies in between. */
function skip(
  suite: Suite,
  turn: Turn,
  count: number,
  hour: number,
): { readonly turn: Turn; readonly skipped: Skipped[] } {
  const skipped: Skipped[] = [];
  let { chain, addresses } = turn;
  for (let left = count; left > 0; left--) {
    const message = chainStep(suite, chain);
    const place = addressStep(suite, addresses);
    skipped.push({ address: suite.ed25519PublicKey(place.seed), header: place.header, key: message.key, hour });
    [chain, addresses] = [message.next, place.next];
  }
  return { turn: { chain, addresses, count: turn.count + count }, skipped };
}

interface Header {
  readonly publicKey: Uint8Array;
  readonly previous: number;
}

function openHeader(suite: Suite, key: Uint8Array, address: Uint8Array, value: Uint8Array): Header | null {
  const salt = value.subarray(0, SALT_BYTES);
  const sealed = value.subarray(SALT_BYTES, BODY_AT);
  const said = suite.chacha20poly1305Open(saltedKey(suite, key, salt), ZERO, sealed, joinBytes(HEADER, address));
  if (said === null) return null;
  const previous = new DataView(said.buffer, said.byteOffset).getUint32(lengths.x25519);
  return { publicKey: said.slice(0, lengths.x25519), previous };
}

function openBody(
  suite: Suite,
  key: Uint8Array,
  binding: Uint8Array,
  address: Uint8Array,
  value: Uint8Array,
): Uint8Array | null {
  const salted = saltedKey(suite, key, value.subarray(0, SALT_BYTES));
  const aad = joinBytes(BODY, binding, address, value.subarray(SALT_BYTES, BODY_AT));
  return suite.chacha20poly1305Open(salted, ZERO, value.subarray(BODY_AT), aad);
}

/** What came of a value. */
export interface Opened {
  readonly ratchet: Ratchet;
  readonly body: Uint8Array;
}

/** Opens what lay at one of its whereabouts; null: it is nothing that the other side has sealed, and nothing has changed. `hour`: now. */
export function openAt(
  suite: Suite,
  ratchet: Ratchet,
  at: Whereabouts,
  value: Uint8Array,
  hour: number,
): Opened | null {
  if (value.length !== mailboxLimits.valueBytes) return null;
  if (at.kind === 'skipped') return openSkipped(suite, ratchet, at.address, value);
  return at.kind === 'current'
    ? openCurrent(suite, ratchet, at.index, value, hour)
    : openNew(suite, ratchet, at.index, value, hour);
}

function openSkipped(suite: Suite, ratchet: Ratchet, address: Uint8Array, value: Uint8Array): Opened | null {
  const found = ratchet.skipped.find((one) => suite.equal(one.address, address));
  if (found === undefined || openHeader(suite, found.header, address, value) === null) return null;
  const body = openBody(suite, found.key, ratchet.binding!, address, value);
  return body && { body, ratchet: { ...ratchet, skipped: ratchet.skipped.filter((one) => one !== found) } };
}

function openCurrent(suite: Suite, ratchet: Ratchet, index: number, value: Uint8Array, hour: number): Opened | null {
  const { receiving, peer, binding } = ratchet;
  const { turn, skipped } = skip(suite, receiving!, index + 1, hour);
  const { address, header, key } = skipped.at(-1)!;
  const said = openHeader(suite, header, address, value);
  if (said === null || !suite.equal(said.publicKey, peer!)) return null;
  const body = openBody(suite, key, binding!, address, value);
  return (
    body && { body, ratchet: { ...ratchet, receiving: turn, skipped: [...ratchet.skipped, ...skipped.slice(0, -1)] } }
  );
}

/** The first message that is heard of a new turn: its header brings the other's new key, and how many messages the turn before had. */
function openNew(suite: Suite, ratchet: Ratchet, index: number, value: Uint8Array, hour: number): Opened | null {
  const { nextReceiving, receiving, root, own } = ratchet;
  let place = addressStep(suite, nextReceiving!);
  for (let left = index; left > 0; left--) place = addressStep(suite, place.next);
  const said = openHeader(suite, place.header, suite.ed25519PublicKey(place.seed), value);
  if (said === null) return null;
  const shared = suite.x25519(own, said.publicKey);
  const missing = receiving === null ? 0 : said.previous - receiving.count;
  if (shared === null || missing < 0 || missing > conversationLimits.turnMax) return null;
  const old = receiving === null ? [] : skip(suite, receiving, missing, hour).skipped;
  const step = rootStep(suite, root, shared);
  const begun = { chain: step.chain, addresses: nextReceiving!, count: 0 };
  const { turn, skipped } = skip(suite, begun, index + 1, hour);
  const { address, key } = skipped.at(-1)!;
  const binding = ratchet.binding ?? bindingOf(suite, suite.x25519PublicKey(own), said.publicKey);
  const body = openBody(suite, key, binding, address, value);
  return (
    body && {
      body,
      ratchet: {
        ...ratchet,
        root: step.root,
        peer: said.publicKey,
        receiving: turn,
        nextSending: step.addresses,
        nextReceiving: null,
        skipped: [...ratchet.skipped, ...old, ...skipped.slice(0, -1)],
        binding,
        resync: ratchet.resync ?? resyncKey(suite, step.root),
      },
    }
  );
}

/** Without what has not come for too long, or is too much; and how many those were. */
export function withoutLate(ratchet: Ratchet, hour: number): { readonly ratchet: Ratchet; readonly lost: number } {
  const { lateHoursMax, skippedMax } = conversationLimits;
  const left = ratchet.skipped.filter((one) => one.hour + lateHoursMax >= hour).slice(-skippedMax);
  const lost = ratchet.skipped.length - left.length;
  return lost === 0 ? { ratchet, lost } : { ratchet: { ...ratchet, skipped: left }, lost };
}
