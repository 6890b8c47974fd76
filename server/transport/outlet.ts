/** The writing half of a stream: gathers chunks, has one write under way at a time, tells what was taken. docs/spec/transport.md#writing */
import type { Socket } from 'node:net';
import type { Chain } from './chain.ts';
import type { TransportLimits } from './limits.ts';
import type { Timers } from './timers.ts';
import type { Join, WriteTurn } from './write-turn.ts';

/** What all streams of a listener or dialler share. */
export interface Shell {
  readonly turn: WriteTurn;
  readonly timers: Timers;
  readonly limits: TransportLimits;
}

/** Whose outlet it is. */
interface OutletOwner {
  /** The system's socket has taken so many bytes. */
  drained(bytes: number): void;
}

/** Chunks in, writes to one socket out. Who calls `write` bounds it by what `drained` has not told yet. */
export class Outlet {
  readonly #socket: Socket;
  readonly #shell: Shell;
  readonly #join: Join;
  readonly #owner: OutletOwner;
  /** Writes to be, the first first: each is full, or ends where it was pushed; null: there were none yet. */
  #closed: Chain[] | null = null;
  /** What waits behind them, and may grow; null: nothing. */
  #waiting: Chain | null = null;
  #isQueued = false;
  /** Bytes of the chunks that the write under way holds, frame not counted; 0 without one. */
  #writingBytes = 0;
  #sinceMs = 0;

  constructor(socket: Socket, shell: Shell, join: Join, owner: OutletOwner) {
    this.#socket = socket;
    this.#shell = shell;
    this.#join = join;
    this.#owner = owner;
  }

  get writingSinceMs(): number | null {
    return this.#writingBytes === 0 ? null : this.#sinceMs;
  }

  get unsentBytes(): number {
    const closed = this.#closed?.reduce((sum, { bytes }) => sum + bytes, 0) ?? 0;
    return this.#writingBytes + closed + (this.#waiting?.bytes ?? 0);
  }

  write(bytes: Uint8Array): void {
    const { turn, limits } = this.#shell;
    if (this.#waiting !== null && this.#waiting.bytes + bytes.length > limits.batchBytesMax) this.#close();
    this.#waiting = this.#waiting === null ? turn.first(bytes) : this.#waiting.with(bytes);
    this.#queue();
  }

  /** Writes what this turn gathered; the rest follows once the peer has taken it. */
  flush(): void {
    this.#isQueued = false;
    if (this.#writingBytes > 0 || this.#socket.destroyed) return;
    const chain = this.#next();
    if (chain === null) return;
    this.#sinceMs = this.#shell.timers.nowMs();
    this.#writingBytes = chain.bytes;
    this.#socket.write(this.#shell.turn.joined(this.#join, chain), this.#written);
  }

  /** Ends a write here: what waits goes out now, or as soon as the one under way is taken, and nothing joins it. */
  push(): void {
    if (this.#waiting === null) return;
    this.#close();
    if (this.#writingBytes === 0) this.flush();
  }

  /** Hands the socket everything that is left, for it to be sent before the end. */
  finish(): void {
    if (this.#socket.destroyed) return;
    for (let chain = this.#next(); chain !== null; chain = this.#next()) {
      this.#writingBytes = chain.bytes;
      this.#socket.write(this.#join(chain.chunks(), chain.bytes));
    }
  }

  #queue(): void {
    if (this.#isQueued || this.#writingBytes > 0) return;
    this.#isQueued = true;
    this.#shell.turn.add(this);
  }

  #close(): void {
    if (this.#waiting !== null) (this.#closed ??= []).push(this.#waiting);
    this.#waiting = null;
  }

  /** The next write: as many chunks as the limit allows, one at least, and none behind an end; null: nothing waits. */
  #next(): Chain | null {
    const closed = this.#closed?.shift();
    if (closed !== undefined) return closed;
    const waiting = this.#waiting;
    this.#waiting = null;
    return waiting;
  }

  readonly #written = (error?: Error | null): void => {
    const bytes = this.#writingBytes;
    this.#writingBytes = 0;
    // The socket's own events tell what broke.
    if (error) return;
    if (this.#waiting !== null || (this.#closed !== null && this.#closed.length > 0)) this.#queue();
    this.#owner.drained(bytes);
  };
}
