/** A frame's numbers, bounds and ranges, read and written. docs/spec/reconciliation.md#frames */
import { joinBytes } from '../../crypto/bytes.ts';
import { ReconciliationError } from './error.ts';
import { type Bound, ID_BYTES, isBefore, lowest } from './item.ts';
import { reconciliationLimits } from './limits.ts';

/** The first byte of each frame: version 1. */
const VERSION = 0x61;

/** Bytes of a range's fingerprint. */
export const FINGERPRINT_BYTES = 16;

const modes = { skip: 0, fingerprint: 1, ids: 2 } as const;

/** What a frame says of the items between the bound before and this one. */
export type Range =
  | { readonly mode: 'skip'; readonly upper: Bound }
  | { readonly mode: 'fingerprint'; readonly upper: Bound; readonly fingerprint: Uint8Array }
  | { readonly mode: 'ids'; readonly upper: Bound; readonly ids: readonly Uint8Array[] };

/** A whole number in digits of seven bits, the highest first, all but the last with the high bit. */
export function varint(value: number): Uint8Array {
  const digits = [value % 128];
  for (let rest = Math.floor(value / 128); rest > 0; rest = Math.floor(rest / 128)) digits.unshift((rest % 128) + 128);
  return Uint8Array.from(digits);
}

/** Reads a frame's ranges one by one, so that nothing is kept of a long one. */
export class FrameReader {
  private at = 1;
  private before: Bound = lowest;
  private readonly frame: Uint8Array;

  /** Throws ReconciliationError `_reconciliation_oversized_frame`, `_reconciliation_truncated_frame`, `_reconciliation_unsupported_version`. */
  constructor(frame: Uint8Array) {
    const { frameBytesMax } = reconciliationLimits;
    if (frame.length > frameBytesMax) throw wrong('oversized_frame', `a frame has at most ${frameBytesMax} bytes`);
    if (frame.length === 0) throw wrong('truncated_frame', 'a frame begins with its version');
    if (frame[0] !== VERSION) throw wrong('unsupported_version', `version ${frame[0]} is not known`);
    this.frame = frame;
  }

  /** The next range, or null at the end; throws ReconciliationError where what stands there is none. */
  next(): Range | null {
    if (this.at === this.frame.length) return null;
    if (this.before.timeMs === Infinity) throw wrong('invalid_bound', 'nothing is behind the end');
    const upper = this.bound();
    if (isBefore(upper, this.before)) throw wrong('invalid_bound', 'a range ends before it begins');
    this.before = upper;
    const mode = this.number();
    if (mode === modes.skip) return { mode: 'skip', upper };
    if (mode === modes.fingerprint) return { mode: 'fingerprint', upper, fingerprint: this.bytes(FINGERPRINT_BYTES) };
    if (mode === modes.ids) return { mode: 'ids', upper, ids: this.ids() };
    throw wrong('invalid_mode', `there is no mode ${mode}`);
  }

  private bound(): Bound {
    const time = this.number();
    const length = this.number();
    if (length > ID_BYTES) throw wrong('invalid_bound', `a prefix has at most ${ID_BYTES} bytes`);
    const prefix = this.bytes(length);
    if (time === 0) return { timeMs: Infinity, prefix };
    const timeMs = this.before.timeMs + time - 1;
    if (!Number.isSafeInteger(timeMs)) throw wrong('invalid_bound', 'a time is below 2^53');
    return { timeMs, prefix };
  }

  private ids(): Uint8Array[] {
    const count = this.number();
    // Before anything is made of that number: a frame cannot hold more ids than bytes.
    if (count * ID_BYTES > this.frame.length - this.at) throw wrong('truncated_frame', 'it ends amid its ids');
    return Array.from({ length: count }, () => this.bytes(ID_BYTES));
  }

  private number(): number {
    let value = 0;
    for (;;) {
      const digit = this.bytes(1)[0]!;
      value = value * 128 + (digit & 127);
      if (!Number.isSafeInteger(value)) throw wrong('invalid_number', 'numbers are below 2^53');
      if (digit < 128) return value;
    }
  }

  private bytes(length: number): Uint8Array {
    if (length > this.frame.length - this.at) throw wrong('truncated_frame', 'it ends too early');
    this.at += length;
    return this.frame.slice(this.at - length, this.at);
  }
}

/** The most that a bound takes: a number of 53 bits, a length, a prefix. */
export const BOUND_BYTES_MAX = 8 + 1 + ID_BYTES;

const SKIP_BYTES_MAX = BOUND_BYTES_MAX + 1;

/** Writes a frame's ranges; neighbours that are skipped become one, and the last such is left out. */
export class FrameWriter {
  private readonly parts: Uint8Array[] = [Uint8Array.of(VERSION)];
  private lastTimeMs = 0;
  private skipped: Bound | null = null;

  /** How many bytes it has so far. */
  private written = 1;

  /** Whether nothing was said in it but that all is well. */
  get isEmpty(): boolean {
    return this.parts.length === 1;
  }

  /** Bytes that it has with everything that is skipped so far. */
  get bytes(): number {
    return this.written + (this.skipped === null ? 0 : SKIP_BYTES_MAX);
  }

  /** Adds a range, which begins where the one before ended. */
  add(range: Range): void {
    if (range.mode === 'skip') {
      this.skipped = range.upper;
      return;
    }
    const { skipped } = this;
    this.skipped = null;
    if (skipped !== null) this.put(skipped, varint(modes.skip));
    if (range.mode === 'fingerprint') this.put(range.upper, varint(modes.fingerprint), range.fingerprint);
    else this.put(range.upper, varint(modes.ids), varint(range.ids.length), ...range.ids);
  }

  /** The frame. */
  frame(): Uint8Array {
    return joinBytes(...this.parts);
  }

  private put(upper: Bound, ...rest: readonly Uint8Array[]): void {
    const time = upper.timeMs === Infinity ? 0 : upper.timeMs - this.lastTimeMs + 1;
    if (upper.timeMs !== Infinity) this.lastTimeMs = upper.timeMs;
    const all = [varint(time), varint(upper.prefix.length), upper.prefix, ...rest];
    this.parts.push(...all);
    this.written += all.reduce((length, part) => length + part.length, 0);
  }
}

type Suffix<Code> = Code extends `_reconciliation_${infer Rest}` ? Rest : never;
const wrong = (code: Suffix<ReconciliationError['code']>, detail: string): ReconciliationError =>
  new ReconciliationError(`_reconciliation_${code}`, detail);
