/** Private messages: a content sealed to its reader inside a content that its author signs. docs/spec/publication.md#private-messages */
import { bytesOfHex, hexOf } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { PsycError } from '../psyc/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { render, type Value } from '../psyc/render.ts';
import { PublicationError } from './error.ts';
import { parseOnly, parseSealed } from './inner.ts';
import { openAsPerson, type Recipient, sealToPerson } from './seal.ts';

/** Method of a packet whose data is sealed to its target. */
export const SEALED_METHOD = '_message_private_sealed';

/** Names the author's key inside the seal, so that nobody else can sign the seal as his own. */
const AUTHOR_NAME = '_fingerprint_source';
/** Names the key outside that can open the seal. */
const READER_NAME = '_fingerprint_target';

/** What is said; undefined variables are left out. */
export interface PrivateMessage {
  readonly entity: Readonly<Record<string, Value | undefined>>;
  readonly method: string;
  readonly data: Value | null;
}

/**
 * The content to be signed: `message` by the owner of the key `author`, sealed to `recipient`, whose X25519 key is
 * `publicKey`. `ephemeral` is for vectors only. Throws PublicationError `_publication_oversized`, `_publication_unsealable`.
 */
export function sealPrivate(
  suite: Suite,
  author: Uint8Array,
  recipient: Recipient,
  publicKey: Uint8Array,
  message: PrivateMessage,
  ephemeral?: Uint8Array,
): Uint8Array {
  const { entity, method, data } = message;
  const inner = render({ entity: { ...entity, [AUTHOR_NAME]: hexOf(author) }, method, data });
  return outerOf(suite, recipient, publicKey, inner, ephemeral);
}

/** The same of nobody: there is no author inside, and nobody signs it. Throws the same. */
export function sealAnonymous(
  suite: Suite,
  recipient: Recipient,
  publicKey: Uint8Array,
  message: PrivateMessage,
): Uint8Array {
  return outerOf(suite, recipient, publicKey, render(message));
}

/** What `inner` says, sealed, under the name of the key that opens it. */
function outerOf(
  suite: Suite,
  recipient: Recipient,
  publicKey: Uint8Array,
  inner: Uint8Array,
  ephemeral?: Uint8Array,
): Uint8Array {
  const sealed = sealToPerson(suite, recipient, publicKey, parseOnly(inner).content!, ephemeral);
  const outer = render({
    entity: { [READER_NAME]: hexOf(recipient.fingerprint) },
    method: SEALED_METHOD,
    data: sealed,
  });
  return new Uint8Array(parseOnly(outer).content!);
}

/** The fingerprint of the key that opens a sealed packet; null when it is not sealed, or does not say. */
export function readerOf(packet: Packet): Uint8Array | null {
  const hex = packet.method === SEALED_METHOD ? packet.text(READER_NAME) : undefined;
  return hex === undefined ? null : bytesOfHex(hex);
}

/**
 * What was said inside a sealed packet, as a packet without routing variables. `author` is the fingerprint whose signature
 * the packet carried and was checked; null when it carried none. Throws PublicationError: `_publication_invalid_seal` when
 * it was not sealed to this key or holds no PSYC, `_publication_foreign_seal` when it was sealed by another than `author`.
 */
export function openPrivate(
  suite: Suite,
  author: Uint8Array | null,
  recipient: Recipient,
  secret: Uint8Array,
  packet: Packet,
): Packet {
  const sealed = packet.method === SEALED_METHOD ? packet.data : null;
  const content = sealed === null ? null : openAsPerson(suite, recipient, secret, sealed);
  if (content === null) throw new PublicationError('_publication_invalid_seal', 'it was not sealed to this key');
  let inner: Packet;
  try {
    inner = parseSealed(content);
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    throw new PublicationError('_publication_invalid_seal', `what was sealed is no content: ${error.message}`);
  }
  const named = inner.text(AUTHOR_NAME);
  if ((author === null ? undefined : hexOf(author)) !== named) {
    throw new PublicationError('_publication_foreign_seal', 'it was sealed by another than who signed it');
  }
  return inner;
}
