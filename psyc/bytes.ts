/** The few bytes that carry the grammar, and text to bytes and back. docs/spec/psyc.md#packet */

export const LF = 0x0a;
export const TAB = 0x09;
export const SP = 0x20;
export const PIPE = 0x7c;
export const ZERO = 0x30;

/** The classes of a byte that the grammar asks for, as bits of `byteClass`. */
export const KEYWORD = 1;
export const DIGIT = 2;
export const OPERATOR = 4;

/** Class bits of each byte: [A-Za-z0-9_] are KEYWORD, [0-9] DIGIT too, `: = + - ? ! @` OPERATOR. */
export const byteClass = new Uint8Array(256);
for (const c of '_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ') byteClass[c.charCodeAt(0)] = KEYWORD;
for (const c of '0123456789') byteClass[c.charCodeAt(0)] = KEYWORD | DIGIT;
for (const c of ':=+-?!@') byteClass[c.charCodeAt(0)] = OPERATOR;

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true });
const utf8Strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true });
const encoder = new TextEncoder();

/** Text of UTF-8 bytes; what is not UTF-8 becomes U+FFFD. */
export const decodeText = (bytes: Uint8Array): string => utf8.decode(bytes);

/**
 * Text of the UTF-8 bytes from one position to another, as `decodeText` gives it. The engine's decoder is a large part of
 * what a packet costs, and platforms have faster ones: a parser takes another as an argument.
 */
export type DecodeRange = (bytes: Uint8Array, from: number, to: number) => string;

/** The portable one. */
export const decodeRange: DecodeRange = (bytes, from, to) => utf8.decode(bytes.subarray(from, to));

/** Text of UTF-8 bytes, or null when they are not UTF-8. */
export function decodeTextStrict(bytes: Uint8Array): string | null {
  try {
    return utf8Strict.decode(bytes);
  } catch {
    return null;
  }
}

const singleBytes = new TextDecoder('latin1');

/** Up to here a string of character codes is made faster than by a decoder. */
const SHORT_KEY_BYTES = 128;

/** A string that is different for different bytes, for keys of maps; it is no text. */
export const keyOfBytes = (bytes: Uint8Array): string =>
  bytes.length <= SHORT_KEY_BYTES ? String.fromCharCode(...bytes) : singleBytes.decode(bytes);

/** UTF-8 bytes of text; a lone surrogate becomes U+FFFD. */
export const encodeText = (text: string): Uint8Array => encoder.encode(text);

/** Writes text as UTF-8 at the start of `to`, which must hold 3 bytes for each of its units; returns the bytes written. */
export const encodeTextInto = (text: string, to: Uint8Array): number => encoder.encodeInto(text, to).written;

/**
 * The same text, for whoever keeps it: text cut from a packet's header keeps the whole of that alive, however short it is.
 */
export const ownText = (text: string): string => utf8.decode(encoder.encode(text));

/** How many bytes text has as UTF-8. */
export function encodedLength(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return encodeText(text).length;
  return text.length;
}

/**
 * Bytes of one's own. (Not `slice`: a Buffer, which is what a socket gives, does not copy in that. Made empty and filled takes half
 * as long as made of the others.)
 */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  const copy = new Uint8Array(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Whether two byte strings are the same (not in constant time: never for secrets). */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Index of the first LF `|` LF at or after `from`, or -1 when there is none before `end`. */
export function findTerminator(bytes: Uint8Array, from: number, end: number): number {
  for (let at = bytes.indexOf(LF, from); at !== -1 && at + 2 < end; at = bytes.indexOf(LF, at + 1)) {
    if (bytes[at + 1] === PIPE && bytes[at + 2] === LF) return at;
  }
  return -1;
}
