/** The grammar of one packet, as a machine that stops where bytes run out and goes on from there. docs/spec/psyc.md#packet */
import * as grammar from './bytes.ts';
import { type PsycCode, PsycError } from './error.ts';
import type { ParserLimits } from './limits.ts';
import { MARKS as NUMBERS_A_MODIFIER, Packet } from './packet.ts';

// Constants of this module's own: V8 loads an imported binding anew at every use, which costs the loops below a fifth.
const { byteClass, DIGIT, KEYWORD, LF, OPERATOR, PIPE, SP, TAB, ZERO } = grammar;
const MARKS = NUMBERS_A_MODIFIER;
const ASSIGN = 0x3d;
const QUERY = 0x3f;
const DOT = 0x2e;

/** A line feed this near is found sooner by a plain loop than by a call. */
const NEAR_BYTES = 48;

/** Instead of a byte or position: more bytes are needed. */
const MORE = -1;

/** Where in a packet the scanner stands between two calls. */
const ROUTING = 0;
const CONTENT = 1;
const DATA = 2;

/** Scans packet after packet. All offsets inside count from the current packet's first byte. */
export class PacketScanner {
  /** The packet cannot go on with fewer bytes than this; 0: with no fewer than up to the next line feed. */
  wanted = 0;
  private limits: ParserLimits;
  private readonly decode: grammar.DecodeRange;
  /** Offset of the current packet's first byte among all bytes ever scanned. */
  private base = 0;
  private stage = ROUTING;
  /** Start of the current line. */
  private line = 0;
  /** Bytes before this one were searched for what ends the value or the data already. */
  private searched = 0;
  private marks: number[] = [];
  private routingCount = 0;
  private routingEnd = 0;
  private contentStart = -1;
  /** The terminator's offset where the packet declares a length, else -1. */
  private declaredEnd = -1;
  private syncEnd = -1;
  private methodStart = -1;
  private methodEnd = -1;
  /** Of the value with a length that was read last: its bytes, and the digits of that. */
  private valueLength = 0;
  private form = 0;

  constructor(limits: ParserLimits, decode: grammar.DecodeRange) {
    this.limits = limits;
    this.decode = decode;
  }

  /** To be called between packets. */
  setLimits(limits: ParserLimits): void {
    this.limits = limits;
  }

  /** Throws a PsycError; `offset` counts from the packet's first byte. */
  fail(code: PsycCode, offset: number, detail: string): never {
    throw new PsycError(code, this.base + offset, detail);
  }

  /** Length of the packet with its terminator, where it declares one and that was read already; else -1. */
  get declaredLength(): number {
    return this.declaredEnd === -1 ? -1 : this.declaredEnd + 2;
  }

  /**
   * Goes on with the packet that starts at `start`, with bytes up to `end`; null when they do not suffice. Called again,
   * the bytes from `start` must be the same ones and more. Throws PsycError.
   */
  advance(bytes: Uint8Array, start: number, end: number): Packet | null {
    this.wanted = 0;
    if (this.stage === ROUTING) {
      const byte = this.header(bytes, start, end, start + this.limits.routingBytesMax);
      if (byte === MORE) return null;
      this.routingCount = this.marks.length / MARKS;
      this.routingEnd = this.line;
      if (byte === PIPE)
        return this.terminated(bytes, start, end) ? this.finish(bytes, start, this.line, -1, -1) : null;
      if (!this.contentLength(bytes, start, end)) return null;
    }
    const declared = this.declaredEnd;
    if (declared !== -1 && end - start < declared + 2) {
      this.wanted = declared + 2;
      return null;
    }
    const bound = declared === -1 ? end : start + declared;
    if (this.stage === CONTENT) {
      const byte = this.header(bytes, start, bound, start + this.contentStart + this.limits.contentBytesMax);
      if (byte === MORE) return declared === -1 ? null : this.finish(bytes, start, declared, -1, -1);
      if (byte === PIPE && declared === -1) {
        return this.terminated(bytes, start, end) ? this.finish(bytes, start, this.line, -1, -1) : null;
      }
      if (!this.method(bytes, start, bound)) return null;
    }
    return this.data(bytes, start, bound - start);
  }

  /**
   * The lines of the routing or the entity header, as the stage is: gives the first byte of the line behind them, or MORE.
   * `bound` is where the bytes end, or the declared content; `stop` where the header's or content's limit does. One function
   * with its state in locals, and positions in `bytes` instead of offsets: most of a packet's time is spent here.
   */
  private header(bytes: Uint8Array, start: number, bound: number, stop: number): number {
    const { marks } = this;
    const { nameBytesMax, valueBytesMax, entityModifiersMax, routingModifiersMax } = this.limits;
    const inContent = this.stage === CONTENT;
    const marksMax = inContent ? MARKS * (this.routingCount + entityModifiersMax) : MARKS * routingModifiersMax;
    let line = start + this.line;
    for (;;) {
      if (line > stop) this.oversized(start, stop);
      const first = line < bound ? bytes[line]! : MORE;
      if (first === MORE || (byteClass[first]! & OPERATOR) === 0) {
        this.line = line - start;
        return first;
      }
      if (inContent && (first === ASSIGN || first === QUERY)) {
        // Whether it is a sync line shows in the next byte; a limit of variables must not speak before that.
        if (line + 1 === bound) return this.cut(line - start, bound - start);
        if (bytes[line + 1] === LF) {
          this.syncLine(start, line);
          line += 2;
          continue;
        }
      }
      if (marks.length === marksMax) this.excessive(line - start);

      const nameStart = line + 1;
      const nameStop = bound - nameStart > nameBytesMax ? nameStart + nameBytesMax : bound;
      let at = nameStart;
      while (at < nameStop) {
        const byte = bytes[at]!;
        // Lower case letters and _ are nearly all of it; the table is for the rest.
        if ((byte - 97) >>> 0 >= 26 && byte !== 95 && (byteClass[byte]! & KEYWORD) === 0) break;
        at++;
      }
      if (at === bound) return this.cut(line - start, bound - start);
      if (at === nameStart) this.fail('_invalid_name', at - start, 'no name after the operator');
      const nameEnd = at;
      const separator = bytes[at]!;
      let valueStart = at;
      let form = -1;
      if (separator === TAB) {
        valueStart = ++at;
        form = 0;
        const near = bound - at > NEAR_BYTES ? at + NEAR_BYTES : bound;
        while (at < near && bytes[at] !== LF) at++;
        if (at === near || at >= stop || at - valueStart > valueBytesMax) {
          at = this.textEnd(bytes, start, valueStart, bound, stop);
          if (at === MORE) return this.cut(line - start, bound - start);
        }
      } else if (separator === SP) {
        const value = this.declaredValue(bytes, start, at, bound, stop);
        if (value === MORE) return this.cut(line - start, bound - start);
        ({ form } = this);
        at = value;
        valueStart = at - this.valueLength;
      } else if (separator !== LF) this.noSeparator(at - start, separator);
      marks.push(nameStart - start, nameEnd - start, valueStart - start, at - start, form);
      line = at + 1;
    }
  }

  /** A sync line of the content, which must be among the first. */
  private syncLine(start: number, at: number): void {
    const { syncLinesMax } = this.limits;
    const line = at - start;
    if (line !== this.syncEnd) this.fail('_invalid_sync', line, 'a sync line after a variable');
    if (line - this.contentStart === 2 * syncLinesMax)
      this.fail('_invalid_sync', line, `more than ${syncLinesMax} sync lines`);
    this.syncEnd = line + 2;
  }

  /** The value behind a length whose blank is at `blank`: gives its end, and leaves its length and the digits behind. */
  private declaredValue(bytes: Uint8Array, start: number, blank: number, bound: number, stop: number): number {
    const { lengthDigitsMax, valueBytesMax } = this.limits;
    if (this.stage === ROUTING) this.fail('_invalid_length_routing', blank - start, 'a length in the routing header');
    let at = blank + 1;
    let length = 0;
    while (at < bound && (byteClass[bytes[at]!]! & DIGIT) !== 0) {
      if (at - blank > lengthDigitsMax)
        this.fail('_oversized_length', at - start, `more than ${lengthDigitsMax} digits`);
      length = length * 10 + bytes[at]! - ZERO;
      at++;
    }
    if (at === bound) return MORE;
    this.form = at - blank - 1;
    this.valueLength = length;
    if (this.form === 0 || bytes[at] !== TAB) this.fail('_invalid_length', at - start, 'not a length and a TAB');
    if (length > valueBytesMax) {
      this.fail(
        '_oversized_value',
        blank + 1 - start,
        `a value of ${length} bytes; at most ${valueBytesMax} are taken`,
      );
    }
    const end = at + 1 + length;
    if (this.declaredEnd === -1 && end >= stop) this.oversized(start, stop);
    if (end >= bound) {
      this.wanted = end + 1 - start;
      return MORE;
    }
    if (bytes[end] !== LF) this.fail('_invalid_value', end - start, 'no line feed after a value of declared length');
    return end;
  }

  /** Position of the line feed that ends a text value, where it is far or beyond a limit. */
  private textEnd(bytes: Uint8Array, start: number, from: number, bound: number, stop: number): number {
    const longest = from + this.limits.valueBytesMax + 1;
    const last = this.stage === ROUTING ? stop : this.declaredEnd === -1 && stop < longest ? stop : longest;
    const searched = start + this.searched;
    const end = bound < last ? bound : last;
    const found = bytes.indexOf(LF, searched > from ? searched : from);
    if (found !== -1 && found < end) return found;
    if (bound >= last) {
      if (last === longest) this.fail('_oversized_value', longest - 1 - start, 'a value is too long');
      this.oversized(start, stop);
    }
    this.searched = end - start;
    return MORE;
  }

  /** The line behind the routing header: the content's length or nothing. Gives whether it is whole. */
  private contentLength(bytes: Uint8Array, start: number, end: number): boolean {
    const { lengthDigitsMax, contentBytesMax } = this.limits;
    const line = start + this.line;
    let at = line;
    let length = 0;
    while (at < end && (byteClass[bytes[at]!]! & DIGIT) !== 0) {
      if (at - line === lengthDigitsMax)
        this.fail('_oversized_length', at - start, `more than ${lengthDigitsMax} digits`);
      length = length * 10 + bytes[at]! - ZERO;
      at++;
    }
    if (at === end) return false;
    const digits = at - line;
    if (bytes[at] !== LF) this.noContentLength(at - start, digits, bytes[at]!);
    if (length > contentBytesMax) {
      this.fail(
        '_oversized_content',
        line - start,
        `a content of ${length} bytes; at most ${contentBytesMax} are taken`,
      );
    }
    this.stage = CONTENT;
    this.contentStart = this.syncEnd = this.line = at + 1 - start;
    if (digits > 0) this.declaredEnd = this.contentStart + length;
    return true;
  }

  /** Whether the terminator that begins the current line is whole. */
  private terminated(bytes: Uint8Array, start: number, end: number): boolean {
    const at = this.line + 1;
    if (start + at >= end) return false;
    if (bytes[start + at] !== LF) this.fail('_invalid_terminator', at, 'no line feed after |');
    return true;
  }

  /** The method's line. Gives whether it is whole. */
  private method(bytes: Uint8Array, start: number, bound: number): boolean {
    const { nameBytesMax } = this.limits;
    const line = start + this.line;
    const stop = bound - line > nameBytesMax ? line + nameBytesMax : bound;
    let at = line;
    while (at < stop && (byteClass[bytes[at]!]! & KEYWORD) !== 0) at++;
    if (at === bound) return this.cut(this.line, bound - start) !== MORE;
    const byte = bytes[at]!;
    if (at === line || byte !== LF) {
      if (at === stop && (byteClass[byte]! & KEYWORD) !== 0) this.longName(at - start);
      this.fail('_invalid_method', at - start, 'not a method and a line feed');
    }
    this.methodStart = this.line;
    this.methodEnd = at - start;
    this.line = this.searched = at + 1 - start;
    this.stage = DATA;
    return true;
  }

  /** What stands between the method's line and the terminator; `bound` is an offset here. */
  private data(bytes: Uint8Array, start: number, bound: number): Packet | null {
    const from = this.line;
    const declared = this.declaredEnd;
    if (declared !== -1) {
      if (from === declared) return this.finish(bytes, start, declared, -1, -1);
      if (bytes[start + declared - 1] !== LF) {
        this.fail(
          '_invalid_length_content',
          declared - 1,
          'the content of declared length does not end in a line feed',
        );
      }
      return this.finish(bytes, start, declared, from, declared - 1);
    }
    const stop = this.contentStart + this.limits.contentBytesMax;
    if (from > stop) this.oversized(0, stop);
    if (from >= bound) return null;
    if (bytes[start + from] === PIPE) {
      if (from + 1 >= bound) return null;
      if (bytes[start + from + 1] === LF) return this.finish(bytes, start, from, -1, -1);
    }
    const last = Math.min(bound, stop + 2);
    const found = grammar.findTerminator(bytes, start + this.searched, start + last) - start;
    if (found >= 0) return this.finish(bytes, start, found + 1, from, found);
    if (last === stop + 2) this.oversized(0, stop);
    this.searched = Math.max(from, last - 2);
    return null;
  }

  /** A line does not end before the bytes do: more of them are needed, unless a declared length cuts it. */
  private cut(line: number, bound: number): typeof MORE {
    this.line = line;
    if (this.declaredEnd !== -1) this.fail('_invalid_length_content', bound, 'the declared content length cuts a line');
    return MORE;
  }

  private noSeparator(at: number, byte: number): never {
    if ((byteClass[byte]! & KEYWORD) !== 0) this.longName(at);
    this.fail('_invalid_separator', at, 'neither a TAB, a length nor a line feed after the name');
  }

  private noContentLength(at: number, digits: number, byte: number): never {
    if (digits > 0) this.fail('_invalid_length', at, 'the content length is not followed by a line feed');
    if (byte === DOT && at === 0) {
      this.fail('_obsolete_syntax', 0, 'this is the syntax of PSYC 0.9; version 1.0 is spoken here');
    }
    this.fail('_invalid_line', at, 'neither a variable, a length, a line feed nor the terminator');
  }

  private longName(at: number): never {
    this.fail('_oversized_name', at, `a name of over ${this.limits.nameBytesMax} bytes`);
  }

  private excessive(line: number): never {
    const { routingModifiersMax, entityModifiersMax } = this.limits;
    const most = this.stage === ROUTING ? `${routingModifiersMax} routing` : `${entityModifiersMax} entity`;
    this.fail('_excessive_modifiers', line, `more than ${most} variables`);
  }

  private oversized(start: number, stop: number): never {
    if (this.stage === ROUTING) this.fail('_oversized_routing', stop - start, 'the routing header is too long');
    this.fail('_oversized_content', stop - start, 'the content is too long');
  }

  /** The packet is whole: checks the terminator and makes ready for the next one. */
  private finish(bytes: Uint8Array, start: number, contentEnd: number, dataStart: number, dataEnd: number): Packet {
    if (this.declaredEnd !== -1) {
      if (bytes[start + contentEnd] !== PIPE) {
        this.fail('_invalid_length_content', contentEnd, 'no terminator where the declared content length ends');
      }
      if (bytes[start + contentEnd + 1] !== LF)
        this.fail('_invalid_terminator', contentEnd + 1, 'no line feed after |');
    }
    const end = contentEnd + 2;
    const packet = new Packet(
      bytes,
      start,
      end,
      this.marks,
      this.routingCount,
      this.routingEnd,
      this.contentStart,
      contentEnd,
      this.syncEnd,
      this.methodStart,
      this.methodEnd,
      dataStart,
      dataEnd,
      this.decode,
    );
    this.base += end;
    this.stage = ROUTING;
    this.line = this.searched = 0;
    this.wanted = 0;
    this.marks = [];
    this.contentStart = this.declaredEnd = this.syncEnd = this.methodStart = this.methodEnd = -1;
    return packet;
  }
}
