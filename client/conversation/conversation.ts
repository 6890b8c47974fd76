/** One conversation on one device: what is said, what has come, and what becomes of both when a device has lost its state. docs/spec/conversations.md#conversations */
import { joinBytes } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import { type Signed, signValue } from '../../services/mailbox/address.ts';
import { mailboxLimits } from '../../services/mailbox/limits.ts';
import { ConversationError } from './error.ts';
import { type Invitation, newInvitation } from './invitation.ts';
import { resyncPlace, saltedKey } from './keys.ts';
import { cutLetter, type Letter, type Partials, takeBody } from './letters.ts';
import { conversationLimits } from './limits.ts';
import {
  acceptRatchet,
  inviteRatchet,
  openAt,
  type Ratchet,
  sealNext,
  type Whereabouts,
  whereabouts,
  withoutLate,
} from './ratchet.ts';

const ZERO = new Uint8Array(lengths.nonce);
const SALT_BYTES = 16;
const OFFER_BYTES = mailboxLimits.valueBytes - SALT_BYTES - lengths.tag;

/** Of the messages that were passed over so many are looked for each time: fewer than there are looks. */
const LATELY_PASSED = 2;

type Role = 'inviter' | 'accepter';

/** What one device keeps of it. */
export interface Conversation {
  /** Of the mailbox. */
  readonly domain: string;
  /** How it is asked: as nobody only, or by way of one's home. */
  readonly way: 'anonymous' | 'direct';
  readonly role: Role;
  readonly ratchet: Ratchet;
  /** Requests to begin anew: our own and the other's so far; and the ratchet that waits for an answer to ours. */
  readonly requests: { readonly own: number; readonly other: number };
  readonly waiting: Ratchet | null;
  /** The other side wishes to begin anew, and nobody here has agreed yet. */
  readonly offered: Invitation | null;
  /** The mailbox has other words of ours where these were to lie: this is an older copy of what the device had. */
  readonly isStale: boolean;
  /** Sealed, and not at the mailbox yet, in order. */
  readonly outbox: readonly Signed[];
  readonly partials: Partials;
  /** Not shown yet, in the order in which they came. */
  readonly unshown: readonly Letter[];
  /** Deposits that never came, or messages of which only parts did, not told yet. */
  readonly lost: number;
  /** Which of the addresses is looked at next, of those that are less likely. */
  readonly turn: number;
}

const fresh = { requests: { own: 0, other: 0 }, waiting: null, offered: null, isStale: false, outbox: [] };
const empty = { partials: new Map(), unshown: [], lost: 0, turn: 0 };

/** Where to look, and for what. */
export type Looked = (Whereabouts & { readonly of: 'ratchet' | 'waiting' }) | Request;
interface Request {
  readonly kind: 'request';
  readonly address: Uint8Array;
}

/** What came of looking. */
export type Found =
  | { readonly kind: 'letter'; readonly letter: Letter }
  | { readonly kind: 'part' }
  /** The other side asks to begin anew. */
  | { readonly kind: 'offer' }
  /** The other side has begun anew, as we had asked. */
  | { readonly kind: 'anew'; readonly letter: Letter | null }
  /** What lies there the other side has not put there, though who has its key has. */
  | { readonly kind: 'unreadable' };

/** A conversation that somebody is invited to, and what he needs for it. */
export function invite(
  suite: Suite,
  domain: string,
  way: Conversation['way'],
): { readonly conversation: Conversation; readonly invitation: Invitation } {
  const { invitation, own } = newInvitation(suite, domain);
  const ratchet = inviteRatchet(suite, own, invitation.secret);
  return { invitation, conversation: { domain, way, role: 'inviter', ratchet, ...fresh, ...empty } };
}

/** The conversation of an invitation, which the first message accepts. Throws ConversationError `_conversation_invalid_invitation`. */
export function accept(suite: Suite, invitation: Invitation, way: Conversation['way'], hour: number): Conversation {
  const ratchet = acceptRatchet(suite, invitation.prekey, invitation.secret);
  const conversation = { domain: invitation.domain, way, role: 'accepter', ratchet, ...fresh, ...empty } as const;
  return sealed(suite, conversation, { kind: 'hello', text: '', hour });
}

/** Says a text: it is in the outbox. Throws ConversationError, and nothing has changed. */
export function say(suite: Suite, conversation: Conversation, text: string, hour: number): Conversation {
  if (conversation.isStale) {
    throw new ConversationError(
      '_conversation_stale',
      'this device has an older copy of the conversation, in which nothing can be said any more: p3do talk renew',
    );
  }
  return sealed(suite, conversation, { kind: 'text', text, hour });
}

function sealed(suite: Suite, conversation: Conversation, letter: Letter): Conversation {
  let { ratchet } = conversation;
  const outbox = [...conversation.outbox];
  for (const body of cutLetter(suite, letter)) {
    const next = sealNext(suite, ratchet, body);
    ({ ratchet } = next);
    outbox.push(next.signed);
  }
  if (outbox.length > conversationLimits.outboxMax)
    throw new ConversationError('_conversation_full', 'so much waits to reach the mailbox that nothing more is taken');
  return { ...conversation, ratchet, outbox };
}

/** The first of the outbox lies at the mailbox. */
export const delivered = (conversation: Conversation): Conversation => ({
  ...conversation,
  outbox: conversation.outbox.slice(1),
});

/** The mailbox has something else of ours there. What was sealed by this copy is not put anywhere any more. */
export const outdated = (conversation: Conversation): Conversation => ({ ...conversation, isStale: true, outbox: [] });

const other = (role: Role): Role => (role === 'inviter' ? 'accepter' : 'inviter');

/** All addresses at which something may lie, the likeliest first: `likely` of them are worth a look each time. */
export function looked(
  suite: Suite,
  { ratchet, waiting, role, requests }: Conversation,
): { readonly places: readonly Looked[]; readonly likely: number } {
  const now = whereabouts(suite, ratchet).map((place) => ({ ...place, of: 'ratchet' as const }));
  const anew = (waiting === null ? [] : whereabouts(suite, waiting)).map((place) => ({
    ...place,
    of: 'waiting' as const,
  }));
  const { resync } = ratchet;
  const isOpen = resync !== null && requests.other < conversationLimits.requestsMax;
  const request: Request[] = isOpen
    ? [
        {
          kind: 'request',
          address: suite.ed25519PublicKey(resyncPlace(suite, resync, other(role), requests.other).seed),
        },
      ]
    : [];
  const all: readonly Looked[] = [...now, ...anew];
  const firsts = all.filter((place) => 'index' in place && place.index === 0);
  // Where a later one came first, the one before is often there as well.
  const passed = now.filter(({ kind }) => kind === 'skipped').slice(-LATELY_PASSED);
  const likely: readonly Looked[] = [...firsts, ...passed, ...request];
  return { places: [...likely, ...all.filter((place) => !likely.includes(place))], likely: likely.length };
}

/** What lay at one of these places, and what the conversation is then. `hour`: now. */
export function found(
  suite: Suite,
  conversation: Conversation,
  at: Looked,
  value: Uint8Array,
  hour: number,
): { readonly conversation: Conversation; readonly found: Found } {
  if (at.kind === 'request') return offered(suite, conversation, value);
  const { waiting } = conversation;
  const opened = openAt(suite, at.of === 'ratchet' ? conversation.ratchet : waiting!, at, value, hour);
  const taken = opened === null ? null : takeBody(conversation.partials, opened.body);
  if (opened === null || taken === null) return { conversation, found: { kind: 'unreadable' } };
  const anew =
    at.of === 'waiting'
      ? { role: 'inviter' as const, waiting: null, offered: null, isStale: false, requests: fresh.requests }
      : {};
  const { letter, partials, given } = taken;
  const isText = letter?.kind === 'text';
  const next = {
    ...conversation,
    ...anew,
    ratchet: opened.ratchet,
    partials,
    unshown: isText ? [...conversation.unshown, letter] : conversation.unshown,
    lost: conversation.lost + given,
  };
  if (at.of === 'waiting') return { conversation: next, found: { kind: 'anew', letter: isText ? letter : null } };
  return { conversation: next, found: letter === null ? { kind: 'part' } : { kind: 'letter', letter } };
}

/** What has not come for too long is looked for no more, and counted as lost. */
export function aged(conversation: Conversation, hour: number): Conversation {
  const { ratchet, lost } = withoutLate(conversation.ratchet, hour);
  const { lateHoursMax } = conversationLimits;
  const partials = new Map([...conversation.partials].filter(([, one]) => one.hour + 2 * lateHoursMax >= hour));
  const given = conversation.partials.size - partials.size;
  return lost + given === 0
    ? conversation
    : { ...conversation, ratchet, partials, lost: conversation.lost + lost + given };
}

/**
 * Asks the other side to begin anew, since this device has lost what it had: an invitation, put where only they two look.
 * Throws ConversationError `_conversation_unanswered` where there is no other side yet, `_conversation_waiting`.
 */
export function askAnew(suite: Suite, conversation: Conversation): Conversation {
  const { ratchet, role, requests, domain } = conversation;
  if (ratchet.resync === null)
    throw new ConversationError('_conversation_unanswered', 'nobody has accepted the invitation yet: invite anew');
  if (requests.own >= conversationLimits.requestsMax)
    throw new ConversationError('_conversation_waiting', 'it was asked often enough: invite anew, by other means');
  const { invitation, own } = newInvitation(suite, domain);
  const { seed, header } = resyncPlace(suite, ratchet.resync, role, requests.own);
  const salt = suite.random(SALT_BYTES);
  const plain = new Uint8Array(OFFER_BYTES);
  plain.set(joinBytes(invitation.prekey, invitation.secret));
  const address = suite.ed25519PublicKey(seed);
  const value = joinBytes(salt, suite.chacha20poly1305Seal(saltedKey(suite, header, salt), ZERO, plain, address));
  return {
    ...conversation,
    requests: { ...requests, own: requests.own + 1 },
    waiting: inviteRatchet(suite, own, invitation.secret),
    outbox: [signValue(suite, seed, value)],
    isStale: true,
  };
}

/** The other side's request, opened. */
function offered(
  suite: Suite,
  conversation: Conversation,
  value: Uint8Array,
): { readonly conversation: Conversation; readonly found: Found } {
  const { ratchet, role, requests, domain } = conversation;
  const { seed, header } = resyncPlace(suite, ratchet.resync!, other(role), requests.other);
  const salted = saltedKey(suite, header, value.subarray(0, SALT_BYTES));
  const plain = suite.chacha20poly1305Open(salted, ZERO, value.subarray(SALT_BYTES), suite.ed25519PublicKey(seed));
  const next = { ...conversation, requests: { ...requests, other: requests.other + 1 } };
  if (plain === null) return { conversation: next, found: { kind: 'unreadable' } };
  const [prekey, secret] = [plain.slice(0, lengths.x25519), plain.slice(lengths.x25519, 2 * lengths.x25519)];
  return { conversation: { ...next, offered: { domain, prekey, secret } }, found: { kind: 'offer' } };
}

/**
 * Begins anew as the other side has asked. What waited to be put, and what has not come, is lost. Of two that ask at once the one
 * who was invited agrees. Throws ConversationError `_conversation_nowhere` where nobody has asked, `_conversation_waiting`.
 */
export function beginAnew(suite: Suite, conversation: Conversation, hour: number): Conversation {
  const { offered: invitation, role, waiting, ratchet } = conversation;
  if (invitation === null) throw new ConversationError('_conversation_nowhere', 'the other side has not asked for it');
  if (waiting !== null && role === 'inviter')
    throw new ConversationError('_conversation_waiting', 'both have asked: the one who was invited agrees');
  const begun = accept(suite, invitation, conversation.way, hour);
  return {
    ...conversation,
    ratchet: begun.ratchet,
    outbox: begun.outbox,
    role: 'accepter',
    requests: fresh.requests,
    waiting: null,
    offered: null,
    isStale: false,
    lost: conversation.lost + ratchet.skipped.length,
  };
}
