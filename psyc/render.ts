/** Packets to bytes: our canonical form, a routed content as it came, or a parsed packet byte for byte. docs/spec/psyc.md#rendering */
import { findTerminator, LF, PIPE, SP, TAB } from './bytes.ts';
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import type { Operator, Packet } from './packet.ts';
import * as writing from './writer.ts';

// Of this module's own: V8 loads an imported binding anew at every use, and here that costs a third.
const { BARE_BYTES_MAX, digitsOf, valueBytes, writer } = writing;

/** A value to be sent: text goes as UTF-8. */
export type Value = string | Uint8Array;

/** One line of a header to be sent. */
export interface Assignment {
  readonly operator: Operator;
  readonly name: string;
  readonly value: Value;
}

/** Variables to be sent: lines in order, or names and values set for this packet (`:`); undefined ones are left out. */
export type Variables = Readonly<Record<string, Value | undefined>> | readonly Assignment[];

/** What a packet to be sent is made of. */
export interface Draft {
  readonly routing?: Variables;
  /** Sync lines: '=' resets the state that follows, '?' asks for it. */
  readonly sync?: string;
  readonly entity?: Variables;
  readonly method?: string | null;
  /** Absent or null: no data line. Needs a method. */
  readonly data?: Value | null;
}

/** Room for the length line, which is known only when the content is written. */
const LENGTH_LINE_BYTES_MAX = 8;

/**
 * A packet in canonical form: lengths where they are needed or a value has over 9 bytes; data of no bytes is no data. Throws
 * PsycError when a name is no keyword, a routing value holds a line feed or a limit is passed: what it gives, `Parser` takes.
 */
export function render(draft: Draft): Uint8Array {
  routingHeader(draft.routing ?? {});
  const sync = draft.sync ?? '';
  const entity = draft.entity ?? {};
  const method = draft.method ?? null;
  const data = draft.data ?? null;
  if (method === null && data !== null) throw new PsycError('_invalid_method', 0, 'data without a method');
  const routingEnd = writer.at - writer.begin;
  writer.room(LENGTH_LINE_BYTES_MAX);
  writer.at += LENGTH_LINE_BYTES_MAX;

  let needsLength = false;
  let count = 0;
  for (const operator of syncLines(sync)) {
    writer.room(2);
    writer.byte(operator.charCodeAt(0));
    writer.byte(LF);
  }
  if (isLines(entity)) {
    for (const { operator, name, value } of entity) {
      if (entityLine(operator, name, value)) needsLength = true;
      count++;
    }
  } else {
    for (const name in entity) {
      const value = entity[name];
      if (value === undefined) continue;
      if (entityLine(':', name, value)) needsLength = true;
      count++;
    }
  }
  if (count > limits.entityModifiersMax) tooMany(limits.entityModifiersMax, 'entity');
  if (method !== null) {
    methodLine(method);
    if (data !== null && data.length > 0 && dataLine(data)) needsLength = true;
  } else if (needsLength) {
    // libpsyc refuses a declared content that ends in a value of declared length; without the length it takes it.
    const contentStart = writer.begin + routingEnd + LENGTH_LINE_BYTES_MAX;
    needsLength = findTerminator(writer.bytes, contentStart, writer.at) !== -1;
  }
  return finish(routingEnd, needsLength);
}

/**
 * A packet of new routing variables and a content as it came: what a router sends on. null: no content at all.
 * `withLength`: whether the content came with its length. It is left as it was, since libpsyc takes some contents in one form
 * only; but a content that holds LF | LF, inside of a value, always gets its length.
 */
export function renderRouted(routing: Variables, content: Uint8Array | null, withLength = true): Uint8Array {
  routingHeader(routing);
  if (content !== null) {
    if (content.length > limits.contentBytesMax) tooLong();
    writer.room(content.length + LENGTH_LINE_BYTES_MAX + 2);
    if (withLength || findTerminator(content, 0, content.length) !== -1) writer.decimal(content.length);
    writer.byte(LF);
    writer.raw(content);
  }
  return terminate(writer.begin);
}

/** The packet once more, byte for byte, put together from its parts and the form each was written in. */
export function renderVerbatim(packet: Packet): Uint8Array {
  const { contentStart, contentEnd, routingEnd } = packet;
  writer.open();
  for (const { operator, name, value, form } of packet.routing) verbatimLine(operator, name, value, form);
  if (contentStart !== -1) {
    const digits = contentStart - 1 - routingEnd;
    if (digits > 0) writer.decimal(contentEnd - contentStart, digits);
    writer.room(1);
    writer.byte(LF);
    for (const operator of packet.sync) {
      writer.room(2);
      writer.byte(operator.charCodeAt(0));
      writer.byte(LF);
    }
    for (const { operator, name, value, form } of packet.entity) verbatimLine(operator, name, value, form);
    if (packet.method !== null) {
      methodLine(packet.method);
      if (packet.data !== null) {
        writer.raw(packet.data);
        writer.room(1);
        writer.byte(LF);
      }
    }
  }
  return terminate(writer.begin);
}

/** The packet in canonical form. */
export function renderCanonical(packet: Packet): Uint8Array {
  const { routing, sync, entity, method, data } = packet;
  return render({ routing, sync, entity, method, data });
}

const isLines = (variables: Variables): variables is readonly Assignment[] => Array.isArray(variables);

/** Each operator once: a reset said twice is one reset, and other software takes one line only. */
function syncLines(sync: string): Iterable<string> {
  if (sync.length === 0) return '';
  for (const operator of sync) {
    if (operator !== '=' && operator !== '?') throw new PsycError('_invalid_sync', 0, 'a sync line is = or ?');
  }
  return new Set(sync);
}

function routingHeader(routing: Variables): void {
  writer.open();
  let count = 0;
  if (isLines(routing)) {
    for (const { operator, name, value } of routing) {
      routingLine(operator, name, value);
      count++;
    }
  } else {
    for (const name in routing) {
      const value = routing[name];
      if (value === undefined) continue;
      routingLine(':', name, value);
      count++;
    }
  }
  if (count > limits.routingModifiersMax) tooMany(limits.routingModifiersMax, 'routing');
  if (writer.at - writer.begin > limits.routingBytesMax) {
    throw new PsycError('_oversized_routing', limits.routingBytesMax, 'the routing header is too long');
  }
}

function routingLine(operator: Operator, name: string, value: Value): void {
  writer.room(1);
  writer.byte(operator.charCodeAt(0));
  writer.name(name);
  writer.room(1);
  writer.byte(TAB);
  const from = writer.at;
  const before = writer.begin;
  if (typeof value === 'string') writer.text(value);
  else writer.raw(value);
  // A line feed here would let a value speak for the header.
  if (writer.holdsLineFeed(from - before + writer.begin)) {
    throw new PsycError('_invalid_value', 0, `a line feed in the routing variable ${name}`);
  }
  writer.room(1);
  writer.byte(LF);
}

/** Writes an entity variable; gives whether it went with a length. */
function entityLine(operator: Operator, name: string, value: Value): boolean {
  writer.room(1);
  writer.byte(operator.charCodeAt(0));
  writer.name(name);
  if (typeof value === 'string') {
    // Nearly all text is ASCII: its length is then its bytes', and one pass writes it.
    const bare = value.length <= BARE_BYTES_MAX;
    writer.room(3 * value.length + 16);
    const from = writer.at;
    if (!bare) {
      if (value.length > limits.valueBytesMax) oversizedValue(name);
      writer.byte(SP);
      writer.decimal(value.length);
    }
    writer.byte(TAB);
    const first = writer.at;
    if (writer.ascii(value) && !(bare && writer.holdsLineFeed(first))) {
      writer.byte(LF);
      return !bare;
    }
    writer.at = from;
  }
  return entityBytes(name, valueBytes(value));
}

function entityBytes(name: string, value: Uint8Array): boolean {
  if (value.length > limits.valueBytesMax) oversizedValue(name);
  const withLength = value.length > BARE_BYTES_MAX || value.includes(LF);
  writer.room(value.length + 16);
  if (withLength) {
    writer.byte(SP);
    writer.decimal(value.length);
  }
  writer.byte(TAB);
  writer.raw(value);
  writer.byte(LF);
  return withLength;
}

function methodLine(method: string): void {
  writer.name(method);
  writer.room(1);
  writer.byte(LF);
}

/** Writes the data; gives whether a reader could not find its end without a length. */
function dataLine(data: Value): boolean {
  const offset = writer.at - writer.begin;
  if (typeof data === 'string') writer.text(data);
  else writer.raw(data);
  writer.room(1);
  writer.byte(LF);
  const from = writer.begin + offset;
  if (writer.at - 1 - from > BARE_BYTES_MAX) return true;
  // The line feeds around it count as well: data that begins with | LF, or ends in LF |, would end the packet.
  return findTerminator(writer.bytes, from - 1, writer.at) !== -1;
}

function verbatimLine(operator: Operator, name: string, value: Uint8Array, form: number): void {
  writer.room(1);
  writer.byte(operator.charCodeAt(0));
  writer.name(name);
  writer.room(value.length + 16);
  if (form > 0) {
    writer.byte(SP);
    writer.decimal(value.length, form);
  }
  if (form >= 0) writer.byte(TAB);
  writer.raw(value);
  writer.byte(LF);
}

/** Closes the gap before the content by moving the routing header, which is short, up to the length line. */
function finish(routingEnd: number, needsLength: boolean): Uint8Array {
  const contentStart = writer.begin + routingEnd + LENGTH_LINE_BYTES_MAX;
  const length = writer.at - contentStart;
  if (length === 0) {
    writer.at = writer.begin + routingEnd;
    return terminate(writer.begin);
  }
  if (length > limits.contentBytesMax) tooLong();
  const digits = needsLength ? digitsOf(length) : 0;
  const end = writer.at;
  const shift = LENGTH_LINE_BYTES_MAX - digits - 1;
  const { bytes, begin } = writer;
  for (let at = begin + routingEnd - 1; at >= begin; at--) bytes[at + shift] = bytes[at]!;
  writer.at = contentStart - digits - 1;
  if (needsLength) writer.decimal(length);
  writer.byte(LF);
  writer.at = end;
  return terminate(begin + shift);
}

function terminate(from: number): Uint8Array {
  const offset = from - writer.begin;
  writer.room(2);
  writer.byte(PIPE);
  writer.byte(LF);
  return writer.take(writer.begin + offset);
}

function tooMany(most: number, header: string): never {
  throw new PsycError('_excessive_modifiers', 0, `more than ${most} ${header} variables`);
}

function tooLong(): never {
  throw new PsycError(
    '_oversized_content',
    limits.contentBytesMax,
    `a content of over ${limits.contentBytesMax} bytes`,
  );
}

function oversizedValue(name: string): never {
  throw new PsycError('_oversized_value', 0, `the variable ${name} has over ${limits.valueBytesMax} bytes`);
}
