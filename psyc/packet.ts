/** A parsed packet: ranges over the bytes it came in; values stay bytes until somebody asks for text. docs/spec/psyc.md#packet */
import { copyBytes, type DecodeRange } from './bytes.ts';

/** What a modifier does: set for this packet, assign, augment, diminish, query, update an element, reserved. */
export type Operator = ':' | '=' | '+' | '-' | '?' | '@' | '!';

/** One line of a header. */
export interface Modifier {
  readonly operator: Operator;
  readonly name: string;
  readonly value: Uint8Array;
  /** How the value was written: -1 no TAB, 0 up to the LF, above 0 behind a length of that many digits. */
  readonly form: number;
}

/** Numbers in `marks` for each modifier: name start, name end, value start, value end, form. */
export const MARKS = 5;

/** The operator of each byte that is one. */
const operators: Operator[] = [];
for (const operator of [':', '=', '+', '-', '?', '@', '!'] as const) operators[operator.charCodeAt(0)] = operator;

const SET = 0x3a;
const ASSIGN = 0x3d;

/**
 * One packet as it came. Its bytes are a view of what was fed to the parser and are valid until the next `feed`;
 * whoever keeps a packet longer keeps `copy()`. Offsets count from the packet's first byte, -1 where a part is absent.
 * (One flat object: a packet is made for everything that arrives, and a second object a packet shows in the benchmark.)
 */
export class Packet {
  readonly bytes: Uint8Array;
  /** Offset of the packet's first byte in `bytes`. */
  readonly start: number;
  /** Bytes of the packet, terminator included. */
  readonly length: number;
  /** MARKS numbers a modifier, routing header first. */
  readonly marks: readonly number[];
  /** How many of the modifiers are the routing header's. */
  readonly routingCount: number;
  /** End of the routing header: the length line or the terminator. */
  readonly routingEnd: number;
  /** First byte after the length line; -1 without content. */
  readonly contentStart: number;
  /** The terminator's offset. */
  readonly contentEnd: number;
  /** End of the sync lines, which begin at contentStart. */
  readonly syncEnd: number;
  readonly methodStart: number;
  readonly methodEnd: number;
  readonly dataStart: number;
  readonly dataEnd: number;
  private readonly decode: DecodeRange;
  /** Everything before the data as text, once somebody asked. */
  private headerText: string | null = null;

  constructor(
    bytes: Uint8Array,
    start: number,
    length: number,
    marks: readonly number[],
    routingCount: number,
    routingEnd: number,
    contentStart: number,
    contentEnd: number,
    syncEnd: number,
    methodStart: number,
    methodEnd: number,
    dataStart: number,
    dataEnd: number,
    decode: DecodeRange,
  ) {
    this.bytes = bytes;
    this.start = start;
    this.length = length;
    this.marks = marks;
    this.routingCount = routingCount;
    this.routingEnd = routingEnd;
    this.contentStart = contentStart;
    this.contentEnd = contentEnd;
    this.syncEnd = syncEnd;
    this.methodStart = methodStart;
    this.methodEnd = methodEnd;
    this.dataStart = dataStart;
    this.dataEnd = dataEnd;
    this.decode = decode;
  }

  /** The same packet over bytes of its own, for whoever keeps it beyond the tick. */
  copy(): Packet {
    return new Packet(
      copyBytes(this.raw),
      0,
      this.length,
      this.marks,
      this.routingCount,
      this.routingEnd,
      this.contentStart,
      this.contentEnd,
      this.syncEnd,
      this.methodStart,
      this.methodEnd,
      this.dataStart,
      this.dataEnd,
      this.decode,
    );
  }

  /** All bytes of the packet, terminator included. */
  get raw(): Uint8Array {
    return this.view(0, this.length);
  }

  /** The routing header's modifiers, in order. */
  get routing(): Modifier[] {
    return this.modifiers(0, this.routingCount);
  }

  /** The entity header's modifiers, in order. */
  get entity(): Modifier[] {
    return this.modifiers(this.routingCount, this.modifierCount);
  }

  /** The sync lines' operators, in order: '' nearly always, '=' (reset) or '?' (resync request). */
  get sync(): string {
    let sync = '';
    for (let at = this.contentStart; at < this.syncEnd; at += 2)
      sync += String.fromCharCode(this.bytes[this.start + at]!);
    return sync;
  }

  /** The method, or null in a packet without one. */
  get method(): string | null {
    return this.methodStart === -1 ? null : this.slice(this.methodStart, this.methodEnd);
  }

  /** The data, or null when there is no data line; an empty data line gives no bytes. */
  get data(): Uint8Array | null {
    return this.dataStart === -1 ? null : this.view(this.dataStart, this.dataEnd);
  }

  /** The data as text; '' when there is none. */
  get dataText(): string {
    return this.dataStart === -1 ? '' : this.decodeRange(this.dataStart, this.dataEnd);
  }

  /** Whether the content came with its length. */
  get hasLength(): boolean {
    return this.contentStart - this.routingEnd > 1;
  }

  /** The content's exact bytes: every entity line, method and data. null when the packet has none. */
  get content(): Uint8Array | null {
    return this.contentStart === -1 ? null : this.view(this.contentStart, this.contentEnd);
  }

  /** How many modifiers the packet has, routing header first. */
  get modifierCount(): number {
    return this.marks.length / MARKS;
  }

  /** Operator of a modifier, by its index. */
  operatorOf(index: number): Operator {
    return operators[this.bytes[this.start + this.offsetOf(index)]!]!;
  }

  /** Name of a modifier, by its index. */
  nameOf(index: number): string {
    return this.slice(this.marks[index * MARKS]!, this.marks[index * MARKS + 1]!);
  }

  /** Value of a modifier, by its index. */
  valueOf(index: number): Uint8Array {
    return this.view(this.marks[index * MARKS + 2]!, this.marks[index * MARKS + 3]!);
  }

  /** Value of a modifier as text, by its index. */
  textOf(index: number): string {
    return this.slice(this.marks[index * MARKS + 2]!, this.marks[index * MARKS + 3]!);
  }

  /** Where a modifier's line begins, by its index. */
  offsetOf(index: number): number {
    return this.marks[index * MARKS]! - 1;
  }

  /**
   * Text of a routing variable that this packet itself sets (`:`) or assigns (`=`); undefined when it does neither. Not what
   * holds for the packet on a circuit: there earlier packets count as well, and `RoutingMemory` knows.
   */
  ownRoute(name: string): string | undefined {
    const at = this.find(name, 0, this.routingCount * MARKS);
    return at === -1 ? undefined : this.slice(this.marks[at + 2]!, this.marks[at + 3]!);
  }

  /** Text of an entity variable that this packet sets or assigns; the last one counts. */
  text(name: string): string | undefined {
    const at = this.find(name, this.routingCount * MARKS, this.marks.length);
    return at === -1 ? undefined : this.slice(this.marks[at + 2]!, this.marks[at + 3]!);
  }

  /** Bytes of an entity variable that this packet sets or assigns; the last one counts. */
  value(name: string): Uint8Array | undefined {
    const at = this.find(name, this.routingCount * MARKS, this.marks.length);
    return at === -1 ? undefined : this.view(this.marks[at + 2]!, this.marks[at + 3]!);
  }

  private view(from: number, to: number): Uint8Array {
    return this.bytes.subarray(this.start + from, this.start + to);
  }

  private modifiers(from: number, to: number): Modifier[] {
    const modifiers: Modifier[] = [];
    for (let index = from; index < to; index++) {
      const form = this.marks[index * MARKS + 4]!;
      modifiers.push({ operator: this.operatorOf(index), name: this.nameOf(index), value: this.valueOf(index), form });
    }
    return modifiers;
  }

  /** Index into marks of the last modifier between two such indices with this name and operator `:` or `=`, or -1. */
  private find(name: string, from: number, to: number): number {
    const { bytes, marks, start } = this;
    const length = name.length;
    next: for (let at = to - MARKS; at >= from; at -= MARKS) {
      const first = marks[at]!;
      if (marks[at + 1]! - first !== length) continue;
      // Names begin alike (`_source_relay`, `_source`), so that the last letters tell them apart sooner.
      for (let i = length - 1; i >= 0; i--) if (bytes[start + first + i] !== name.charCodeAt(i)) continue next;
      const operator = bytes[start + first - 1];
      if (operator === SET || operator === ASSIGN) return at;
    }
    return -1;
  }

  /**
   * Text of a range before the data. One decode for all of it and slices of that are several times cheaper than a decode
   * a value; slices fit only where every byte became one unit, that is where the lengths are equal.
   */
  private slice(from: number, to: number): string {
    const end = this.dataStart === -1 ? this.contentEnd : this.dataStart;
    this.headerText ??= this.decodeRange(0, end);
    if (this.headerText.length === end) return this.headerText.slice(from, to);
    return this.decodeRange(from, to);
  }

  private decodeRange(from: number, to: number): string {
    return this.decode(this.bytes, this.start + from, this.start + to);
  }
}
