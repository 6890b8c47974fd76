/** Dicts: keys and typed values, of the typed generation only. docs/spec/psyc.md#dicts */
import { LF, SP } from './bytes.ts';
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import { type Element, readElement, readLength, readType, tooMany, writeElement, writeType } from './list.ts';
import { BARE_BYTES_MAX, writer } from './writer.ts';

/** One entry; keys are bytes. */
interface Entry extends Element {
  readonly key: Uint8Array;
}

/** A dict: entries in the order they came, and the type of those that give none. Keys may repeat; the last one counts. */
export interface Dict {
  readonly type?: string;
  readonly entries: readonly Entry[];
}

const OPEN = 0x7b;
const CLOSE = 0x7d;

/** The dict in `bytes`. Throws PsycError `_invalid_dict`, `_invalid_element`, `_invalid_type`, `_excessive_elements`. */
export function parseDict(bytes: Uint8Array): Dict {
  const entries: Entry[] = [];
  const { type, end } = readType(bytes, 0);
  let at = end;
  while (at < bytes.length) {
    if (entries.length === limits.elementsMax) throw tooMany(at, 'dict');
    const { key, end: keyEnd } = readKey(bytes, at);
    const { element, end: valueEnd } = readElement(bytes, keyEnd, OPEN);
    entries.push({ key, ...element });
    at = valueEnd;
  }
  return type === undefined ? { entries } : { type, entries };
}

/** A dict's bytes. */
export function renderDict({ type, entries }: Dict): Uint8Array {
  writer.open();
  if (entries.length > limits.elementsMax) throw tooMany(0, 'dict');
  writeType(type);
  for (const entry of entries) {
    writeKey(entry.key);
    writeElement(entry, OPEN);
  }
  return writer.take(writer.begin);
}

/** The key in braces at `from`: `{key}` or `{3 key}`. */
function readKey(bytes: Uint8Array, from: number): { key: Uint8Array; end: number } {
  if (bytes[from] !== OPEN) throw invalid(from, 'no { before a key');
  const length = readLength(bytes, from + 1);
  let start = from + 1;
  let end: number;
  if (length !== null) {
    if (bytes[length.end] !== SP) throw invalid(length.end, 'no blank after the length of a key');
    start = length.end + 1;
    end = start + length.value;
  } else {
    end = bytes.indexOf(CLOSE, start);
    if (end === -1) end = bytes.length;
  }
  if (end >= bytes.length || bytes[end] !== CLOSE) throw invalid(Math.min(end, bytes.length), 'no } after a key');
  return { key: bytes.subarray(start, end), end: end + 1 };
}

/** Writes what `readKey` reads. A key that begins with a digit would be taken for a length. */
function writeKey(key: Uint8Array): void {
  const digit = key.length > 0 && key[0]! >= 0x30 && key[0]! <= 0x39;
  writer.room(key.length + 16);
  writer.byte(OPEN);
  if (digit || key.length > BARE_BYTES_MAX || key.includes(CLOSE) || key.includes(LF)) {
    writer.decimal(key.length);
    writer.byte(SP);
  }
  writer.raw(key);
  writer.room(1);
  writer.byte(CLOSE);
}

const invalid = (at: number, detail: string): PsycError => new PsycError('_invalid_dict', at, detail);
