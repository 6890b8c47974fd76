/** Content sealed to a person, who alone can read it; its length shows only as one of ten. docs/spec/publication.md#sealing */
import { joinBytes, textBytes } from '../crypto/bytes.ts';
import { hpkeOpen, hpkeSeal } from '../crypto/hpke.ts';
import type { Suite } from '../crypto/suite.ts';
import { PublicationError } from './error.ts';
import { publicationLimits } from './limits.ts';

/** Whom it is for. */
export interface Recipient {
  /** `psyc://domain/~nick`, in lower case. */
  readonly uniform: string;
  /** Of his identity key: 20 or 32 bytes. */
  readonly fingerprint: Uint8Array;
}

const INFO = textBytes('p3do-person-v1');
const MARK = 0x80;

/**
 * The content sealed to the recipient's X25519 key: encapsulated key (32 bytes), ciphertext, tag (16). `ephemeral` is for vectors only.
 * Throws PublicationError: `_publication_oversized` for a content that fits in no padding, `_publication_unsealable` where
 * the key is none.
 */
export function sealToPerson(
  suite: Suite,
  recipient: Recipient,
  publicKey: Uint8Array,
  content: Uint8Array,
  ephemeral?: Uint8Array,
): Uint8Array {
  const sealed = hpkeSeal(suite, publicKey, INFO, aadOf(recipient), pad(content), ephemeral);
  if (sealed === null) throw new PublicationError('_publication_unsealable', 'the recipient’s key is none');
  return sealed;
}

/** The content, or null when it was not sealed to this recipient's key. `secret` is his X25519 key, 32 bytes. */
export function openAsPerson(
  suite: Suite,
  recipient: Recipient,
  secret: Uint8Array,
  sealed: Uint8Array,
): Uint8Array | null {
  const padded = hpkeOpen(suite, secret, INFO, aadOf(recipient), sealed);
  return padded === null ? null : unpad(padded);
}

const aadOf = ({ fingerprint, uniform }: Recipient): Uint8Array =>
  joinBytes(fingerprint, textBytes(uniform.toLowerCase()));

/** The content, one byte 0x80, and zeros up to the next power of two (after ISO/IEC 7816-4). */
export function pad(content: Uint8Array): Uint8Array {
  const { paddedBytesMin, paddedBytesMax } = publicationLimits;
  let length: number = paddedBytesMin;
  while (length < content.length + 1) length *= 2;
  if (length > paddedBytesMax)
    throw new PublicationError('_publication_oversized', `${content.length} bytes to be sealed`);
  const padded = new Uint8Array(length);
  padded.set(content);
  padded[content.length] = MARK;
  return padded;
}

/** What stands before the last byte that is not zero, where that is 0x80; else null. */
export function unpad(padded: Uint8Array): Uint8Array | null {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  return end >= 0 && padded[end] === MARK ? padded.subarray(0, end) : null;
}
