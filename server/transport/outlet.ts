/** The writing half of a stream: gathers chunks, has one write under way at a time, tells what was taken. docs/spec/transport.md#writing */
import type { Socket } from 'node:net';
import type { TransportLimits } from './limits.ts';
import type { Timers } from './timers.ts';
import type { Join, WriteTurn } from './write-turn.ts';

/** What all streams of a listener or dialler share. */
export interface Shell {
  readonly turn: WriteTurn;
  readonly timers: Timers;
  readonly limits: TransportLimits;
}

/** Chunks in, writes to one socket out. Who calls `write` bounds it by what `drained` has not told yet. */
export class Outlet {
  readonly #socket: Socket;
  readonly #shell: Shell;
  readonly #join: Join;
  readonly #drained: (bytes: number) => void;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  /** After how many of the chunks that wait a write ends, whatever follows. */
  #ends: number[] = [];
  #isQueued = false;
  /** Bytes of the chunks that the write under way holds, frame not counted; 0 without one. */
  #writingBytes = 0;
  #sinceMs = 0;

  constructor(socket: Socket, shell: Shell, join: Join, drained: (bytes: number) => void) {
    this.#socket = socket;
    this.#shell = shell;
    this.#join = join;
    this.#drained = drained;
  }

  get writingSinceMs(): number | null {
    return this.#writingBytes === 0 ? null : this.#sinceMs;
  }

  write(bytes: Uint8Array): void {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#queue();
  }

  /** Writes what this turn gathered; the rest follows once the peer has taken it. */
  flush(): void {
    this.#isQueued = false;
    if (this.#writingBytes > 0 || this.#waiting.length === 0 || this.#socket.destroyed) return;
    const chunks = this.#take();
    this.#sinceMs = this.#shell.timers.nowMs();
    this.#socket.write(this.#shell.turn.joined(this.#join, chunks, this.#writingBytes), this.#written);
  }

  /** Ends a write here: what waits goes out now, or as soon as the one under way is taken, and nothing joins it. */
  push(): void {
    const { length } = this.#waiting;
    if (length > 0 && this.#ends.at(-1) !== length) this.#ends.push(length);
    if (this.#writingBytes === 0) this.flush();
  }

  /** Hands the socket everything that is left, for it to be sent before the end. */
  finish(): void {
    if (this.#socket.destroyed) return;
    while (this.#waiting.length > 0) {
      const chunks = this.#take();
      this.#socket.write(this.#join(chunks, this.#writingBytes));
    }
  }

  #queue(): void {
    if (this.#isQueued || this.#writingBytes > 0) return;
    this.#isQueued = true;
    this.#shell.turn.add(this);
  }

  /** The chunks of the next write: as many as the limit allows, one at least, and none behind an end. */
  #take(): Uint8Array[] {
    const { batchBytesMax } = this.#shell.limits;
    const chunks = this.#waiting;
    const most = this.#ends[0] ?? chunks.length;
    if (this.#waitingBytes <= batchBytesMax && most === chunks.length) {
      this.#writingBytes = this.#waitingBytes;
      this.#waiting = [];
      this.#waitingBytes = 0;
      this.#ends = [];
      return chunks;
    }
    let count = 1;
    let bytes = chunks[0]!.length;
    while (count < most && bytes + chunks[count]!.length <= batchBytesMax) bytes += chunks[count++]!.length;
    this.#waiting = chunks.slice(count);
    this.#waitingBytes -= bytes;
    this.#writingBytes = bytes;
    this.#ends = this.#ends.map((end) => end - count).filter((end) => end > 0);
    return chunks.slice(0, count);
  }

  readonly #written = (error?: Error | null): void => {
    const bytes = this.#writingBytes;
    this.#writingBytes = 0;
    // The socket's own events tell what broke.
    if (error) return;
    if (this.#waiting.length > 0) this.#queue();
    this.#drained(bytes);
  };
}
