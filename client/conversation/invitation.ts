/** An invitation to a conversation, as a line of text or a QR code: where messages lie, a key, and a secret that nobody else has. docs/spec/conversations.md#invitations */
import { bytesOfHex, hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import { isDomain } from '../../psyc/names.ts';
import { ConversationError } from './error.ts';

const MARK = 'p3do-talk-v1';
const SECRET_BYTES = 32;
const CHECK_BYTES = 4;

/** What the invited one gets. */
export interface Invitation {
  /** Of the mailbox. */
  readonly domain: string;
  /** X25519 public key of who invites. */
  readonly prekey: Uint8Array;
  readonly secret: Uint8Array;
}

/** A new one, and the X25519 secret that stays here. */
export function newInvitation(
  suite: Suite,
  domain: string,
): { readonly invitation: Invitation; readonly own: Uint8Array } {
  const own = suite.random(lengths.x25519);
  return { own, invitation: { domain, prekey: suite.x25519PublicKey(own), secret: suite.random(SECRET_BYTES) } };
}

/** A slip in a line that was copied by hand. */
const checkOf = (suite: Suite, { domain, prekey, secret }: Invitation): Uint8Array =>
  suite.blake2b(joinBytes(textBytes(MARK), textBytes(domain), prekey, secret), CHECK_BYTES);

/** `p3do-talk-v1:domain:hex`; in capitals it is the same, and a QR code takes less room. */
export const renderInvitation = (suite: Suite, invitation: Invitation): string =>
  `${MARK}:${invitation.domain}:${hexOf(joinBytes(invitation.prekey, invitation.secret, checkOf(suite, invitation)))}`;

/** Throws ConversationError `_conversation_invalid_invitation`. */
export function parseInvitation(suite: Suite, text: string): Invitation {
  const [mark, domain = '', hex = '', ...more] = text.trim().toLowerCase().split(':');
  const bytes = bytesOfHex(hex);
  const isForm = mark === MARK && more.length === 0 && isDomain(domain);
  if (isForm && bytes?.length === lengths.x25519 + SECRET_BYTES + CHECK_BYTES) {
    const [prekey, secret] = [bytes.slice(0, lengths.x25519), bytes.slice(lengths.x25519, -CHECK_BYTES)];
    const invitation = { domain, prekey, secret };
    if (suite.equal(checkOf(suite, invitation), bytes.slice(-CHECK_BYTES))) return invitation;
  }
  throw new ConversationError('_conversation_invalid_invitation', 'that is not what p3do talk invite has printed');
}
