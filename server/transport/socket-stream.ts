/** PSYC without anything between: a socket's bytes, of TLS or not, are the circuit's. docs/spec/transport.md#streams */
import type { Socket } from 'node:net';
import { type Channel, type ByteStream, type StreamOwner } from './stream.ts';
import { TransportError } from './errors.ts';
import { Outlet, type Shell } from './outlet.ts';
import { joinPlain } from './write-turn.ts';

/** A stream over a socket that is connected, and whose handshake is done where it has one. */
export class SocketStream implements ByteStream {
  readonly channel: Channel;
  readonly #socket: Socket;
  readonly #shell: Shell;
  readonly #outlet: Outlet;
  #owner: StreamOwner | null = null;
  #cause: Error | undefined;

  constructor(socket: Socket, channel: Channel, shell: Shell) {
    this.channel = channel;
    this.#socket = socket;
    this.#shell = shell;
    this.#outlet = new Outlet(socket, shell, joinPlain, this);
    // From the first moment: an error that nobody listens to ends the process.
    socket.on('error', (error) => {
      this.#cause ??= error;
    });
  }

  get address(): string | null {
    return this.#socket.remoteAddress ?? null;
  }

  get writingSinceMs(): number | null {
    return this.#outlet.writingSinceMs;
  }

  get unsentBytes(): number {
    return this.#outlet.unsentBytes;
  }

  carry(owner: StreamOwner): void {
    this.#owner = owner;
    const socket = this.#socket;
    socket.on('data', (chunk: Buffer) => this.#owner?.bytes(chunk));
    socket.on('end', () => this.#release()?.ended());
    socket.on('close', () => this.#fail());
    if (socket.destroyed) process.nextTick(() => this.#fail());
    // Whoever looked at the first byte has left it paused.
    else socket.resume();
  }

  write(bytes: Uint8Array): void {
    this.#outlet.write(bytes);
  }

  flush(): void {
    this.#outlet.push();
  }

  /** Told by its outlet. */
  drained(bytes: number): void {
    this.#owner?.drained(bytes);
  }

  end(): void {
    this.#release();
    this.#outlet.finish();
    this.#socket.end();
    // What still comes is read away: unread bytes would make the kernel break the connection before the peer has ours.
    this.#socket.resume();
    if (this.#socket.destroyed) return;
    const { timers, limits } = this.#shell;
    const cancel = timers.after(limits.closingMsMax, () => this.#socket.destroy());
    this.#socket.once('close', cancel);
  }

  destroy(): void {
    this.#release();
    this.#socket.destroy();
  }

  #fail(): void {
    this.#release()?.failed(() => new TransportError('_transport_broken', 'the connection broke', this.#cause));
  }

  /** Whoever still has to hear of the end. */
  #release(): StreamOwner | null {
    const owner = this.#owner;
    this.#owner = null;
    return owner;
  }
}
