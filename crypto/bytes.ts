/** Byte strings put together from others, from numbers and from hexadecimal: what signed bytes are made of. docs/spec/crypto.md#bytes */

/** All of them, one behind the other. */
export function joinBytes(...parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

const encoder = new TextEncoder();

/** UTF-8 bytes of text. */
export const textBytes = (text: string): Uint8Array => encoder.encode(text);

/** Four bytes, big-endian, of a whole number from 0 to 2^32 - 1. */
export function uint32(value: number): Uint8Array {
  if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) throw new RangeError(`${value} is no u32`);
  return new Uint8Array([value >>> 24, value >>> 16, value >>> 8, value]);
}

/** Eight bytes, big-endian, of a whole number from 0 to 2^53 - 1. */
export function uint64(value: number): Uint8Array {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`${value} is no whole number below 2^53`);
  return joinBytes(uint32(Math.floor(value / 2 ** 32)), uint32(value % 2 ** 32));
}

/** The number of the eight bytes from `at` on, big-endian; null from 2^53 on. */
export function readUint64(bytes: Uint8Array, at: number): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at, 8);
  const value = view.getUint32(0) * 2 ** 32 + view.getUint32(4);
  return Number.isSafeInteger(value) ? value : null;
}

const digits = encoder.encode('0123456789abcdef');
const ascii = new TextDecoder();

/** Bytes as lower-case hexadecimal; in one piece, since text put together digit by digit takes ten times the memory where it is kept. */
export function hexOf(bytes: Uint8Array): string {
  const hex = new Uint8Array(2 * bytes.length);
  for (let at = 0; at < bytes.length; at++) {
    hex[2 * at] = digits[bytes[at]! >> 4]!;
    hex[2 * at + 1] = digits[bytes[at]! & 15]!;
  }
  return ascii.decode(hex);
}

/** The bytes of lower-case hexadecimal, or null where it is not that. */
export function bytesOfHex(hex: string): Uint8Array | null {
  if (!/^(?:[0-9a-f]{2})*$/.test(hex)) return null;
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) => Number.parseInt(hex.slice(2 * at, 2 * at + 2), 16));
}
