/** Lists, in the two incompatible forms that are on the wire. docs/spec/psyc.md#lists */
import { byteClass, DIGIT, KEYWORD, LF, PIPE, SP, ZERO } from './bytes.ts';
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import { BARE_BYTES_MAX, valueBytes, writer } from './writer.ts';

/**
 * Which form of lists a peer speaks: `frozen` is the specification page's (psyced emits it), `typed` is libpsyc's since
 * 2012. Neither can be told from the other in every case, so it is remembered per circuit.
 */
export type Generation = 'frozen' | 'typed';

/** One element of a list or value of a dict. */
export interface Element {
  readonly value: Uint8Array;
  /** The type it was given, as a keyword; undefined for the list's default. Only in the typed generation. */
  readonly type?: string;
}

/** A list: elements, and the type of those that give none. */
export interface List {
  readonly type?: string;
  readonly elements: readonly Element[];
}

const EQUALS = 0x3d;
const COLON = 0x3a;

/**
 * The generation that a list's bytes show, or null when they fit both. (`| a` could also be the frozen form of ` a`, and
 * `|3 abc` of `3 abc`: nobody is known to send those.)
 */
export function sniffGeneration(bytes: Uint8Array): Generation | null {
  if (bytes.length === 0) return null;
  if (bytes[0] !== PIPE) return isDigit(bytes[0]) ? 'frozen' : 'typed';
  const next = bytes[1];
  if (next === undefined || next === PIPE) return null;
  return next === SP || next === EQUALS || isDigit(next) ? 'typed' : 'frozen';
}

/**
 * The list in `bytes`. Throws PsycError `_invalid_list`, `_invalid_element`, `_invalid_list_generation` (a list of the other generation),
 * `_invalid_type`, `_oversized_length`, `_excessive_elements`; the offset counts from the start of `bytes`.
 */
export function parseList(bytes: Uint8Array, generation: Generation): List {
  const seen = sniffGeneration(bytes);
  if (seen !== null && seen !== generation) {
    throw new PsycError('_invalid_list_generation', 0, `a ${seen} list where a ${generation} one belongs`);
  }
  return generation === 'typed' ? parseTypedList(bytes) : parseFrozenList(bytes);
}

/** A list's bytes. Throws PsycError when the frozen generation cannot say it: a type, or text with a pipe or line feed. */
export function renderList(list: List, generation: Generation): Uint8Array {
  return generation === 'typed' ? renderTypedList(list) : renderFrozenList(list);
}

/** A list of plain texts, without types. */
export const textList = (texts: readonly string[]): List => ({
  elements: texts.map((text) => ({ value: valueBytes(text) })),
});

function parseFrozenList(bytes: Uint8Array): List {
  const elements: Element[] = [];
  let at = 0;
  if (bytes[0] === PIPE) {
    while (at < bytes.length) {
      const end = next(bytes, at + 1, PIPE);
      push(elements, { value: bytes.subarray(at + 1, end) }, at);
      at = end;
    }
    return { elements };
  }
  while (at < bytes.length) {
    const length = readLength(bytes, at);
    if (length === null || bytes[length.end] !== SP) throw invalid(at, 'no length and blank before an element');
    const start = length.end + 1;
    const end = start + length.value;
    if (end > bytes.length) throw invalid(at, 'an element is longer than its list');
    push(elements, { value: bytes.subarray(start, end) }, at);
    if (end === bytes.length) break;
    if (bytes[end] !== PIPE) throw invalid(end, 'no | after an element');
    at = end + 1;
    if (at === bytes.length) throw invalid(at, 'nothing after the last |');
  }
  return { elements };
}

function parseTypedList(bytes: Uint8Array): List {
  const elements: Element[] = [];
  const { type, end } = readType(bytes, 0);
  let at = end;
  while (at < bytes.length) {
    if (bytes[at] !== PIPE) throw invalid(at, 'no | before an element');
    const element = readElement(bytes, at + 1, PIPE);
    push(elements, element.element, at);
    at = element.end;
  }
  return type === undefined ? { elements } : { type, elements };
}

function renderFrozenList({ type, elements }: List): Uint8Array {
  if (elements.length > limits.elementsMax) throw tooMany(0, 'list');
  writer.open();
  if (type !== undefined || elements.some((element) => element.type !== undefined)) {
    throw new PsycError('_invalid_list_generation', 0, 'lists of the frozen generation have no types');
  }
  const plain = elements.every(
    ({ value }) => value.length <= BARE_BYTES_MAX && !value.includes(PIPE) && !value.includes(LF),
  );
  // What a reader takes for the other generation must not begin an element.
  const bare = plain && !elements.some(({ value }) => value[0] === SP || value[0] === EQUALS || isDigit(value[0]));
  elements.forEach(({ value }, index) => {
    writer.room(value.length + 16);
    if (bare || index > 0) writer.byte(PIPE);
    if (!bare) {
      writer.decimal(value.length);
      writer.byte(SP);
    }
    writer.raw(value);
  });
  return writer.take(writer.begin);
}

function renderTypedList({ type, elements }: List): Uint8Array {
  writer.open();
  writeType(type);
  if (elements.length > limits.elementsMax) throw tooMany(0, 'list');
  for (const element of elements) {
    writer.room(1);
    writer.byte(PIPE);
    writeElement(element, PIPE);
  }
  return writer.take(writer.begin);
}

/** Reads a typed element that ends at `delimiter` or with the bytes: `=_type:3 abc`, `=_type abc`, `3 abc`, ` abc`, nothing. */
export function readElement(bytes: Uint8Array, from: number, delimiter: number): { element: Element; end: number } {
  let at = from;
  let type: string | undefined;
  let mayHaveLength = true;
  if (bytes[at] === EQUALS) {
    const read = readType(bytes, at + 1);
    if (read.type === undefined) throw new PsycError('_invalid_type', at, 'no type after =');
    type = read.type;
    at = read.end;
    mayHaveLength = bytes[at] === COLON;
    if (mayHaveLength) at++;
  }
  const length = mayHaveLength ? readLength(bytes, at) : null;
  if (length === null && bytes[at - 1] === COLON && type !== undefined) throw broken(at, 'no length after the type');
  let value: Uint8Array;
  if (length !== null) {
    if (bytes[length.end] !== SP) throw broken(length.end, 'no blank after a length');
    at = length.end + 1 + length.value;
    if (at > bytes.length) throw broken(length.end, 'an element is longer than what holds it');
    value = bytes.subarray(length.end + 1, at);
  } else if (bytes[at] === SP) {
    const end = next(bytes, at + 1, delimiter);
    value = bytes.subarray(at + 1, end);
    at = end;
  } else {
    value = bytes.subarray(at, at);
  }
  if (at < bytes.length && bytes[at] !== delimiter) throw broken(at, 'neither a blank nor the end of the element');
  return { element: type === undefined ? { value } : { value, type }, end: at };
}

/** Writes what `readElement` reads. */
export function writeElement({ value, type }: Element, delimiter: number): void {
  const bare = value.length <= BARE_BYTES_MAX && !value.includes(delimiter) && !value.includes(LF);
  writer.room(value.length + 24);
  if (type !== undefined) {
    writer.byte(EQUALS);
    writer.name(type);
    writer.room(value.length + 24);
    if (!bare) writer.byte(COLON);
  }
  if (!bare) writer.decimal(value.length);
  if (!bare || value.length > 0) writer.byte(SP);
  writer.raw(value);
}

/** Writes the type of all elements. With a digit first it would be read as a length. */
export function writeType(type: string | undefined): void {
  if (type === undefined) return;
  if (isDigit(type.charCodeAt(0))) throw new PsycError('_invalid_type', 0, 'a type for all begins with a digit');
  writer.name(type);
}

/** A keyword at `from`, or undefined when there is none. */
export function readType(bytes: Uint8Array, from: number): { type: string | undefined; end: number } {
  let end = from;
  while (end < bytes.length && (byteClass[bytes[end]!]! & KEYWORD) !== 0) end++;
  if (end - from > limits.nameBytesMax)
    throw new PsycError('_oversized_name', from + limits.nameBytesMax, 'a type is too long');
  return { type: end === from ? undefined : String.fromCharCode(...bytes.subarray(from, end)), end };
}

/** A decimal length at `from`, or null when there is none. */
export function readLength(bytes: Uint8Array, from: number): { value: number; end: number } | null {
  let value = 0;
  let end = from;
  for (; end < bytes.length && isDigit(bytes[end]); end++) {
    if (end - from === limits.lengthDigitsMax)
      throw new PsycError('_oversized_length', end, 'a length of too many digits');
    value = value * 10 + bytes[end]! - ZERO;
  }
  return end === from ? null : { value, end };
}

function push(elements: Element[], element: Element, at: number): void {
  if (elements.length === limits.elementsMax) throw tooMany(at, 'list');
  elements.push(element);
}

/** There are more elements or entries than `elementsMax`. */
export const tooMany = (at: number, what: string): PsycError =>
  new PsycError('_excessive_elements', at, `a ${what} of over ${limits.elementsMax} elements`);

const isDigit = (byte: number | undefined): boolean => byte !== undefined && (byteClass[byte]! & DIGIT) !== 0;
const invalid = (at: number, detail: string): PsycError => new PsycError('_invalid_list', at, detail);
const broken = (at: number, detail: string): PsycError => new PsycError('_invalid_element', at, detail);

function next(bytes: Uint8Array, from: number, byte: number): number {
  const found = bytes.indexOf(byte, from);
  return found === -1 ? bytes.length : found;
}
