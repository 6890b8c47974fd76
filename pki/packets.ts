/** OpenPGP packets: headers and bodies, split and joined (RFC 9580 section 4). docs/spec/pki.md#keys */
import { PkiError } from './error.ts';
import { limits } from './limits.ts';

/** The packet types that keys are made of (RFC 9580 section 5). */
export const tags = {
  signature: 2,
  secretKey: 5,
  publicKey: 6,
  secretSubkey: 7,
  marker: 10,
  trust: 12,
  userId: 13,
  publicSubkey: 14,
  userAttribute: 17,
} as const;

/** One packet: `tag` is its type, `body` a view into what was split. */
export type Packet = { readonly tag: number; readonly body: Uint8Array };

/**
 * The packets of a key, which has at most `bytesMax` bytes. Throws PkiError `_oversized_key`, `_oversized_packet`, and `_invalid_packet`, also for partial and
 * indeterminate lengths, which are for data only (RFC 9580 section 4.2.1.4).
 */
export function splitPackets(bytes: Uint8Array, bytesMax: number = limits.keyBytesMax): Packet[] {
  if (bytes.length > bytesMax) throw new PkiError('_oversized_key', `a key has at most ${bytesMax / 1024} KiB`);
  const packets: Packet[] = [];
  let at = 0;
  while (at < bytes.length) {
    const first = bytes[at++]!;
    if ((first & 0x80) === 0) throw new PkiError('_invalid_packet', 'a packet begins with its highest bit set');
    const isNew = (first & 0x40) !== 0;
    const tag = isNew ? first & 0x3f : (first >> 2) & 0x0f;
    const { length, size } = isNew ? newLength(bytes, at) : oldLength(bytes, at, first & 3);
    at += size;
    if (length > limits.packetBytesMax) throw new PkiError('_oversized_packet', 'a packet of a key has at most 8 KiB');
    if (at + length > bytes.length) throw new PkiError('_invalid_packet', 'the input ends inside a packet');
    packets.push({ tag, body: bytes.subarray(at, at + length) });
    at += length;
  }
  return packets;
}

type Length = { length: number; size: number };

function newLength(bytes: Uint8Array, at: number): Length {
  const first = bytes[at] ?? 224;
  if (first < 192) return { length: first, size: 1 };
  if (first < 224) return { length: ((first - 192) << 8) + unsigned(bytes, at + 1, 1) + 192, size: 2 };
  if (first === 255) return { length: unsigned(bytes, at + 1, 4), size: 5 };
  throw new PkiError('_invalid_packet', 'a packet of a key has a length that is known');
}

function oldLength(bytes: Uint8Array, at: number, kind: number): Length {
  if (kind === 3) throw new PkiError('_invalid_packet', 'a packet of a key has a length that is known');
  const size = 2 ** kind;
  return { length: unsigned(bytes, at, size), size };
}

/** The big-endian number of `size` bytes at `at`. Throws PkiError `_invalid_packet` where the bytes end before. */
export function unsigned(bytes: Uint8Array, at: number, size: number): number {
  if (at + size > bytes.length) throw new PkiError('_invalid_packet', 'the input ends inside a number');
  let value = 0;
  for (let i = 0; i < size; i++) value = value * 256 + bytes[at + i]!;
  return value;
}

/** A number as `size` big-endian bytes. */
export function renderUnsigned(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = size - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) bytes[i] = rest % 256;
  return bytes;
}

/** One packet with the new header, its length in the fewest bytes (RFC 9580 section 4.2.1). */
export function renderPacket({ tag, body }: Packet): Uint8Array {
  const { length } = body;
  const size =
    length < 192
      ? [length]
      : length < 8384
        ? [((length - 192) >> 8) + 192, (length - 192) & 255]
        : [255, ...renderUnsigned(length, 4)];
  return Uint8Array.of(0xc0 | tag, ...size, ...body);
}
