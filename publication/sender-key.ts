/** A sender's key for a members-only place, sealed to each of its members. docs/spec/places.md#sender-keys */
import { joinBytes, textBytes, uint32, uint64 } from '../crypto/bytes.ts';
import { HPKE_OVERHEAD_BYTES, hpkeOpen, hpkeSeal } from '../crypto/hpke.ts';
import { lengths, type Suite } from '../crypto/suite.ts';
import { decodeText } from '../psyc/bytes.ts';
import type { Packet } from '../psyc/packet.ts';
import { parseOnly } from './inner.ts';
import { publicationLimits } from './limits.ts';
import { render } from '../psyc/render.ts';
import type { Recipient } from './seal.ts';

/** Method of the request that carries a key to the members. */
export const KEY_METHOD = '_request_context_key';

/** Whose key it is, and for which membership. */
export interface KeyHeading {
  /** `psyc://domain/@place` and `psyc://domain/~nick`. */
  readonly place: string;
  readonly author: string;
  /** 16 bytes. */
  readonly device: Uint8Array;
  /** The row of the last change of the membership. */
  readonly epoch: number;
}

/** Whom a key is sealed to; his X25519 key has 32 bytes. */
export interface Reader extends Recipient {
  readonly publicKey: Uint8Array;
}

/** What one reader opens. */
interface Box extends Recipient {
  readonly sealed: Uint8Array;
}

/** The boxes of one key. */
export interface Boxes {
  readonly epoch: number;
  readonly boxes: readonly Box[];
}

const INFO = textBytes('p3do-place-key-v1');
const BOX_BYTES = lengths.key + HPKE_OVERHEAD_BYTES;

/** Each part behind its length as u32. */
const framed = (...parts: readonly Uint8Array[]): Uint8Array =>
  joinBytes(...parts.flatMap((part) => [uint32(part.length), part]));

/** Place, author, device and epoch, as everything that is sealed is bound to them. */
export const headingBytes = ({ place, author, device, epoch }: KeyHeading): Uint8Array =>
  joinBytes(framed(textBytes(place), textBytes(author), device), uint64(epoch));

const aadOf = (heading: KeyHeading, { uniform, fingerprint }: Recipient): Uint8Array =>
  joinBytes(headingBytes(heading), framed(textBytes(uniform), fingerprint));

/**
 * The content to be signed: the key of 32 bytes, sealed to each reader; null where a reader's key is none. `ephemeral`
 * gives the secret used once for each, for vectors only.
 */
export function renderKey(
  suite: Suite,
  heading: KeyHeading,
  key: Uint8Array,
  readers: readonly Reader[],
  ephemeral?: (index: number) => Uint8Array,
): Uint8Array | null {
  const parts: Uint8Array[] = [];
  for (const [index, reader] of readers.entries()) {
    const sealed = hpkeSeal(suite, reader.publicKey, INFO, aadOf(heading, reader), key, ephemeral?.(index));
    if (sealed === null) return null;
    const uniform = textBytes(reader.uniform);
    const { fingerprint } = reader;
    parts.push(new Uint8Array([uniform.length >>> 8, uniform.length]), uniform);
    parts.push(new Uint8Array([fingerprint.length]), fingerprint, sealed);
  }
  const draft = { entity: { _epoch: String(heading.epoch) }, method: KEY_METHOD, data: joinBytes(...parts) };
  return new Uint8Array(parseOnly(render(draft)).content!);
}

/** The boxes in a packet; null where it carries none, or they are written in another way. */
export function readKey(packet: Packet): Boxes | null {
  const epoch = epochOf(packet);
  const { data } = packet;
  if (packet.method !== KEY_METHOD || epoch === null || data === null) return null;
  const boxes: Box[] = [];
  for (let at = 0; at < data.length; ) {
    if (boxes.length >= publicationLimits.readersMax) return null;
    const uniformEnd = at + 2 + (data[at]! << 8) + (data[at + 1] ?? 0);
    const fingerprintEnd = uniformEnd + 1 + (data[uniformEnd] ?? 0);
    const end = fingerprintEnd + BOX_BYTES;
    if (end > data.length) return null;
    boxes.push({
      uniform: decodeText(data.subarray(at + 2, uniformEnd)),
      fingerprint: new Uint8Array(data.subarray(uniformEnd + 1, fingerprintEnd)),
      sealed: new Uint8Array(data.subarray(fingerprintEnd, end)),
    });
    at = end;
  }
  return { epoch, boxes };
}

/** The key in the box of this recipient, or null where there is none that `secret` (X25519, 32 bytes) opens. */
export function openKey(
  suite: Suite,
  heading: KeyHeading,
  { boxes }: Boxes,
  recipient: Recipient,
  secret: Uint8Array,
): Uint8Array | null {
  const own = boxes.find(({ uniform, fingerprint }) => {
    return uniform === recipient.uniform && suite.equal(fingerprint, recipient.fingerprint);
  });
  return own === undefined ? null : hpkeOpen(suite, secret, INFO, aadOf(heading, recipient), own.sealed);
}

/** The epoch that a packet names: a whole number from 1; null where it names none. */
export function epochOf(packet: Packet): number | null {
  const text = packet.text('_epoch') ?? '';
  return /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null;
}
