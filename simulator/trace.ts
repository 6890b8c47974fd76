/** The trace of a run: every event and effect in one fixed encoding, hashed to the run's fingerprint. docs/simulator.md#fingerprint */
import { blake2b } from '@noble/hashes/blake2.js';
import { digestOf } from './digest.ts';

/** Plain data: what events and effects are made of. */
export type Plain =
  | string
  | number
  | boolean
  | null
  | undefined
  | Uint8Array
  | readonly Plain[]
  | { readonly [key: string]: Plain };

/** One line of the trace, before it is encoded. */
export interface TraceLine {
  /** Virtual microseconds. */
  readonly atUs: number;
  /** Whom it happened to: a host, or the network. */
  readonly at: string;
  /** `>` an event that went in, `<` an effect that came out, `!` a fault. */
  readonly sign: '>' | '<' | '!';
  readonly what: Plain;
}

// Taken out of their objects once: inside the test runner each look-up of a global costs more than the call.
const { floor } = Math;
const { isInteger } = Number;
const { isArray } = Array;
const { keys: keysOf, getPrototypeOf, prototype: objectPrototype } = Object;
const Bytes = Uint8Array;

const numberMax = 2 ** 52;
const chunkBytes = 16_384;
/** Bytes from this length on are traced by their digest: a scene of cells would do nothing but hash otherwise. */
const digestBytesMin = 4_096;
const encoder = new TextEncoder();

/** Hashes what happens, in order. BLAKE2b-256 (RFC 7693) over the encoding of docs/simulator.md#fingerprint. */
export class Trace {
  /** How many lines there were. */
  lines = 0;
  readonly #hash = blake2b.create({ dkLen: 32 });
  readonly #listener: ((line: TraceLine) => void) | null;
  readonly #isHashed: boolean;
  #buffer = new Uint8Array(chunkBytes);
  #used = 0;
  readonly #texts = new Map<string, number>();

  /** The listener, if there is one, is shown every line: for people, and to find where two runs part. Unhashed, all fingerprints are one. */
  constructor(listener: ((line: TraceLine) => void) | null = null, isHashed = true) {
    this.#listener = listener;
    this.#isHashed = isHashed;
  }

  /** Adds a line; bytes in it are read at once, so views need no copy. Throws RangeError, TypeError on what is not plain. */
  add(atUs: number, at: string, sign: TraceLine['sign'], what: Plain): void {
    this.lines++;
    if (this.#isHashed) {
      this.#number(atUs);
      this.#text(sign);
      this.#text(at);
      this.#value(what);
    }
    if (this.#listener !== null) this.#listener({ atUs, at, sign, what });
  }

  /** The fingerprint, 64 hexadecimal digits; nothing can be added afterwards. */
  fingerprint(): string {
    this.#flush();
    let hex = '';
    for (const byte of this.#hash.digest()) hex += byte.toString(16).padStart(2, '0');
    return hex;
  }

  /** One letter for the type, then the value; lists and objects give their size first, so that no two values look alike. */
  #value(value: Plain): void {
    if (typeof value === 'string') {
      this.#byte(0x73);
      this.#text(value);
    } else if (typeof value === 'number') {
      this.#byte(0x6e);
      this.#number(value);
    } else if (typeof value === 'boolean') this.#byte(value ? 0x74 : 0x66);
    else if (value === null || value === undefined) this.#byte(0x30);
    else if (value instanceof Bytes && value.length >= digestBytesMin) {
      this.#byte(0x64);
      this.#number(value.length);
      for (const word of digestOf(value)) this.#number(word);
    } else if (value instanceof Bytes) {
      this.#byte(0x62);
      this.#number(value.length);
      this.#bytes(value);
    } else if (isArray(value)) {
      this.#byte(0x6c);
      this.#number(value.length);
      for (const item of value as readonly Plain[]) this.#value(item);
    } else {
      const entries = value as { readonly [key: string]: Plain };
      // A Map or an instance has no keys to show, and would look like every other; nor is a bigint or a function data.
      const prototype = typeof value === 'object' ? (getPrototypeOf(value) as unknown) : undefined;
      if (prototype !== objectPrototype && prototype !== null) throw new TypeError('a trace holds plain data only');
      const keys = keysOf(entries);
      this.#byte(0x6f);
      this.#number(keys.length);
      for (const key of keys) {
        this.#text(key);
        this.#value(entries[key]);
      }
    }
  }

  /** A whole number, zigzag and then in groups of 7 bits, least first; zigzag doubles, so that beyond 2^52 some would be one. */
  #number(number: number): void {
    if (!isInteger(number) || number > numberMax || number < -numberMax)
      throw new RangeError(`events and effects hold whole numbers up to 2^52, not ${number}`);
    this.#room(8);
    let rest = number < 0 ? -2 * number - 1 : 2 * number;
    for (; rest >= 0x80; rest = floor(rest / 0x80)) this.#buffer[this.#used++] = (rest % 0x80) | 0x80;
    this.#buffer[this.#used++] = rest;
  }

  /** A text that came before goes as its number; a new one as 0, its length in units, and its UTF-8. */
  #text(text: string): void {
    const known = this.#texts.get(text);
    if (known !== undefined) {
      this.#number(known);
      return;
    }
    this.#texts.set(text, this.#texts.size + 1);
    this.#number(0);
    this.#number(text.length);
    this.#room(3 * text.length);
    this.#used += encoder.encodeInto(text, this.#buffer.subarray(this.#used)).written;
  }

  #bytes(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#buffer.set(bytes, this.#used);
    this.#used += bytes.length;
  }

  #byte(byte: number): void {
    this.#room(1);
    this.#buffer[this.#used++] = byte;
  }

  #room(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return;
    this.#flush();
    if (bytes > this.#buffer.length) this.#buffer = new Uint8Array(bytes);
  }

  #flush(): void {
    this.#hash.update(this.#buffer.subarray(0, this.#used));
    this.#used = 0;
  }
}
