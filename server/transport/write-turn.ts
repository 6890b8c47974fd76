/** Writes of one turn of the event loop go out together, and what many streams write alike is put together once. docs/spec/transport.md#writing */

import type { TransportLimits } from './limits.ts';

/** Makes one buffer of several, with a frame around them if the stream needs one. */
export type Join = (chunks: readonly Uint8Array[], bytes: number) => Uint8Array;

/** Whoever has something to write when the turn ends. */
interface Flushable {
  flush(): void;
}

/**
 * One turn, shared by the streams of a listener. A stream's write costs a system call and a TLS record however short it is;
 * joining the packets of one turn was measured as the gain of fan-out, sharing the joined buffer comes on top.
 */
export class WriteTurn {
  readonly #limits: TransportLimits;
  #waiting: Flushable[] = [];
  /** What was joined last in this turn, and from what. */
  #join: Join | null = null;
  #chunks: readonly Uint8Array[] = [];
  #joined: Uint8Array = new Uint8Array(0);

  constructor(limits: TransportLimits) {
    this.#limits = limits;
  }

  /** Calls `flush` once when the turn ends, or a moment later. */
  add(stream: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#turnEnded);
    this.#waiting.push(stream);
  }

  /** The chunks in one buffer; the same buffer as last time when they are the same objects. */
  joined(join: Join, chunks: readonly Uint8Array[], bytes: number): Uint8Array {
    if (join !== this.#join || !areSame(chunks, this.#chunks)) {
      this.#joined = join(chunks, bytes);
      this.#chunks = chunks;
      this.#join = join;
    }
    return this.#joined;
  }

  readonly #turnEnded = (): void => {
    const waitMs = gatherMs(this.#limits, this.#waiting.length);
    if (waitMs > 0) setTimeout(this.#end, waitMs);
    else this.#end();
  };

  readonly #end = (): void => {
    const streams = this.#waiting;
    this.#waiting = [];
    for (const stream of streams) stream.flush();
    this.#join = null;
    this.#chunks = [];
    this.#joined = new Uint8Array(0);
  };
}

/**
 * Milliseconds for which writes to so many streams wait. One to a thousand costs tens of milliseconds, in which as a rule the
 * next one comes: a little later both cost as much as one.
 */
export const gatherMs = ({ gatheredPerMs, gatherMsMax }: TransportLimits, streams: number): number =>
  Math.min(gatherMsMax, Math.floor(streams / gatheredPerMs));

function areSame(some: readonly Uint8Array[], others: readonly Uint8Array[]): boolean {
  if (some.length !== others.length) return false;
  for (let index = 0; index < some.length; index++) if (some[index] !== others[index]) return false;
  return true;
}

/** The bytes alone; a single chunk goes as it is. */
export const joinPlain: Join = (chunks, bytes) => (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
