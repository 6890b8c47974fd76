/** What is said in a members-only place: sealed under its sender's key, which the members have. docs/spec/places.md#sealed-speech */
import { joinBytes, textBytes, uint64 } from '../crypto/bytes.ts';
import { hkdfExpand } from '../crypto/hkdf.ts';
import { lengths, type Suite } from '../crypto/suite.ts';
import { PsycError } from '../psyc/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { render } from '../psyc/render.ts';
import { parseOnly, parseSealed } from './inner.ts';
import type { PrivateMessage } from './private.ts';
import { pad, unpad } from './seal.ts';
import { epochOf, headingBytes, type KeyHeading } from './sender-key.ts';

/** Method of a packet whose data is sealed to the members of its place. */
export const MEMBERS_METHOD = '_message_context_sealed';

/** A sender's key, and the number of the publication that carried it. */
export interface SenderKey {
  readonly key: Uint8Array;
  readonly counter: number;
}

const INFO = textBytes('p3do-place-message-v1');
const SALT_BYTES = 16;

/** A key and a nonce for one message: the salt keeps a device that was restored from a backup from using one twice. */
function once(suite: Suite, key: Uint8Array, salt: Uint8Array): [key: Uint8Array, nonce: Uint8Array] {
  const bytes = hkdfExpand(suite, key, joinBytes(INFO, salt), lengths.key + lengths.nonce);
  return [bytes.subarray(0, lengths.key), bytes.subarray(lengths.key)];
}

const aadOf = (heading: KeyHeading, counter: number): Uint8Array => joinBytes(headingBytes(heading), uint64(counter));

/** The content to be signed. `salt` is for vectors only. Throws PublicationError `_publication_oversized`. */
export function sealToMembers(
  suite: Suite,
  heading: KeyHeading,
  { key, counter }: SenderKey,
  { entity, method, data }: PrivateMessage,
  salt: Uint8Array = suite.random(SALT_BYTES),
): Uint8Array {
  const inner = parseOnly(render({ entity, method, data })).content!;
  const [messageKey, nonce] = once(suite, key, salt);
  const sealed = suite.chacha20poly1305Seal(messageKey, nonce, pad(inner), aadOf(heading, counter));
  const draft = {
    entity: { _epoch: String(heading.epoch), _counter_key: String(counter) },
    method: MEMBERS_METHOD,
    data: joinBytes(salt, sealed),
  };
  return new Uint8Array(parseOnly(render(draft)).content!);
}

/** Which key opens a packet, by its epoch and number; null where it is not sealed to members, or does not say. */
export function keyNamed(packet: Packet): { readonly epoch: number; readonly counter: number } | null {
  const counter = packet.text('_counter_key') ?? '';
  const epoch = epochOf(packet);
  if (packet.method !== MEMBERS_METHOD || epoch === null || !/^[1-9][0-9]{0,14}$/.test(counter)) return null;
  return { epoch, counter: Number(counter) };
}

/** What was said, as a packet without routing variables; null where it was not sealed under this key, or is no content. */
export function openAsMember(suite: Suite, heading: KeyHeading, own: SenderKey, packet: Packet): Packet | null {
  const { data } = packet;
  if (data === null || data.length < SALT_BYTES) return null;
  const [messageKey, nonce] = once(suite, own.key, data.subarray(0, SALT_BYTES));
  const aad = aadOf(heading, own.counter);
  const padded = suite.chacha20poly1305Open(messageKey, nonce, data.subarray(SALT_BYTES), aad);
  const content = padded === null ? null : unpad(padded);
  try {
    return content === null ? null : parseSealed(content);
  } catch (error) {
    if (error instanceof PsycError) return null;
    throw error;
  }
}
