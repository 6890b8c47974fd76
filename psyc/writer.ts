/** A growing run of bytes that packets are rendered into; small packets share one allocation. docs/spec/psyc.md#rendering */
import { byteClass, encodeText, encodeTextInto, KEYWORD, LF, ZERO } from './bytes.ts';
import { PsycError } from './error.ts';
import { limits } from './limits.ts';

/** An allocation costs as much as writing a few hundred bytes, so that packets are cut from slabs. */
const SLAB_BYTES = 16_384;

const NOTHING = new Uint8Array(0);

/** Text of more units than this is encoded first and copied: reserving the 3 bytes that each might take costs memory. */
const RESERVED_UNITS_MAX = 1024;

/** Above this many units the engine's encoder is faster than a loop of ours. */
const LOOP_UNITS_MAX = 40;

/** Writes one run of bytes after the other; a run that was taken is never written to again. */
class Writer {
  bytes: Uint8Array = NOTHING;
  /** Where the next byte goes. */
  at = 0;
  /** Where the run under way begins. */
  begin = 0;
  #taken = 0;

  /** Begins a run, dropping what an interrupted one left. */
  open(): void {
    this.begin = this.at = this.#taken;
  }

  /** Ends the run and gives its bytes from `from` on. The bytes share memory with other runs: copy, never transfer. */
  take(from: number): Uint8Array {
    this.#taken = this.at;
    const run = this.bytes.subarray(from, this.at);
    // A slab made for one large run goes with it: a small one cut from the rest would keep all of it alive.
    if (this.bytes.length > SLAB_BYTES) {
      this.bytes = NOTHING;
      this.begin = this.at = this.#taken = 0;
    }
    return run;
  }

  /** Makes room for `count` bytes; may move the run. */
  room(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const written = this.at - this.begin;
    const grown = new Uint8Array(Math.max(SLAB_BYTES, written + (written >> 1) + count));
    grown.set(this.bytes.subarray(this.begin, this.at));
    this.bytes = grown;
    this.begin = this.#taken = 0;
    this.at = written;
  }

  /** One byte; room must have been made. */
  byte(value: number): void {
    this.bytes[this.at++] = value;
  }

  /** Bytes as they are. */
  raw(value: Uint8Array): void {
    this.room(value.length);
    this.bytes.set(value, this.at);
    this.at += value.length;
  }

  /** A name or method. Throws PsycError `_invalid_name`, `_oversized_name`. */
  name(name: string): void {
    if (name.length === 0) throw new PsycError('_invalid_name', 0, 'a name must not be empty');
    if (name.length > limits.nameBytesMax)
      throw new PsycError('_oversized_name', limits.nameBytesMax, 'the name is too long');
    this.room(name.length);
    const { bytes } = this;
    let { at } = this;
    for (let i = 0; i < name.length; i++) {
      const unit = name.charCodeAt(i);
      if (unit > 0x7f || (byteClass[unit]! & KEYWORD) === 0)
        throw new PsycError('_invalid_name', i, 'a name is of [A-Za-z0-9_]');
      bytes[at++] = unit;
    }
    this.at = at;
  }

  /** A decimal number, filled up to `digits` with leading zeros. */
  decimal(value: number, digits: number = digitsOf(value)): void {
    this.room(digits);
    let rest = value;
    for (let at = this.at + digits - 1; at >= this.at; at--) {
      this.bytes[at] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.at += digits;
  }

  /** Text as UTF-8. */
  text(text: string): void {
    if (text.length > RESERVED_UNITS_MAX) {
      this.raw(encodeText(text));
      return;
    }
    this.room(3 * text.length);
    if (text.length <= LOOP_UNITS_MAX && this.ascii(text)) return;
    this.at += encodeTextInto(text, this.bytes.subarray(this.at));
  }

  /**
   * Text that turns out to be ASCII, one byte a unit; room must have been made. Gives false, with nothing written, when
   * it is not.
   */
  ascii(text: string): boolean {
    const { bytes } = this;
    let { at } = this;
    if (text.length > LOOP_UNITS_MAX) {
      const written = encodeTextInto(text, bytes.subarray(at));
      if (written !== text.length) return false;
      this.at = at + written;
      return true;
    }
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return false;
      bytes[at++] = unit;
    }
    this.at = at;
    return true;
  }

  /** Whether there is a line feed at or after `from`. */
  holdsLineFeed(from: number): boolean {
    for (let at = from; at < this.at; at++) if (this.bytes[at] === LF) return true;
    return false;
  }
}

/**
 * The one that everything is rendered with, one thing at a time. What it gives shares a slab with what came before: whoever
 * keeps such bytes keeps a copy.
 */
export const writer = new Writer();

/** Values and data of up to this many bytes go without a length where they can, as libpsyc does it. */
export const BARE_BYTES_MAX = 9;

/** How many digits a whole number has in decimal. */
export function digitsOf(value: number): number {
  let digits = 1;
  for (let rest = value; rest >= 10; rest = Math.floor(rest / 10)) digits++;
  return digits;
}

/** Bytes of a value that is text or bytes already. */
export const valueBytes = (value: string | Uint8Array): Uint8Array =>
  typeof value === 'string' ? encodeText(value) : value;
