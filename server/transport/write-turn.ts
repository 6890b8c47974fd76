/** Writes of one turn of the event loop go out together, and what many streams write alike is put together once. docs/spec/transport.md#writing */

import { Chain } from './chain.ts';
import type { TransportLimits } from './limits.ts';

/** Makes one buffer of several, with a frame around them if the stream needs one. */
export type Join = (chunks: readonly Uint8Array[], bytes: number) => Uint8Array;

const nothing = new Uint8Array(0);

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
  /** The first chunk that was written last in this turn. */
  #first: Chain | null = null;
  /** What was joined last in this turn, and from what. */
  #join: Join | null = null;
  #chain: Chain | null = null;
  #joined: Uint8Array = nothing;

  constructor(limits: TransportLimits) {
    this.#limits = limits;
  }

  /** Calls `flush` once when the turn ends, or a moment later. */
  add(stream: Flushable): void {
    if (this.#waiting.length === 0) setImmediate(this.#turnEnded);
    this.#waiting.push(stream);
  }

  /** A chain of one chunk: the same as the last time if the chunk is the same object. */
  first(chunk: Uint8Array): Chain {
    if (this.#first !== null && this.#first.chunk === chunk) return this.#first;
    return (this.#first = new Chain(chunk, null));
  }

  /** A chain's chunks in one buffer; the same buffer as the last time when it is the same chain. */
  joined(join: Join, chain: Chain): Uint8Array {
    if (chain !== this.#chain || join !== this.#join) {
      this.#joined = join(chain.chunks(), chain.bytes);
      this.#chain = chain;
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
    this.#join = this.#chain = this.#first = null;
    this.#joined = nothing;
  };
}

/**
 * Milliseconds for which writes to so many streams wait. One to a thousand costs tens of milliseconds, in which as a rule the
 * next one comes: a little later both cost as much as one.
 */
export const gatherMs = ({ gatheredPerMs, gatherMsMax }: TransportLimits, streams: number): number =>
  Math.min(gatherMsMax, Math.floor(streams / gatheredPerMs));

/** The bytes alone; a single chunk goes as it is. */
export const joinPlain: Join = (chunks, bytes) => (chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes));
