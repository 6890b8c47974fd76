/** PSYC inside WebSocket: the contents of binary messages, one after the other, are the circuit's bytes. docs/spec/transport.md#websocket */
import type { Socket } from 'node:net';
import type { RawData, WebSocket } from 'ws';
import { TransportError } from './errors.ts';
import { Outlet, type Shell } from './outlet.ts';
import type { ByteStream, Channel, StreamOwner } from './stream.ts';
import { joinFramed } from './websocket-frame.ts';

/** Status codes of RFC 6455 section 7.4.1. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const UNSUPPORTED_DATA = 1003;
const NO_STATUS = 1005;

/** A server's stream. `ws` reads, answers pings and closes; what we send is framed here and written past it. */
export class WebSocketStream implements ByteStream {
  readonly channel: Channel;
  /** Browsers come this way, and proxies; no servers. */
  readonly address = null;
  readonly #websocket: WebSocket;
  readonly #outlet: Outlet;
  #owner: StreamOwner | null = null;
  #cause: Error | undefined;

  constructor(websocket: WebSocket, socket: Socket, channel: Channel, shell: Shell) {
    this.channel = channel;
    this.#websocket = websocket;
    this.#outlet = new Outlet(socket, shell, joinFramed, this);
    websocket.on('error', (error) => {
      this.#cause ??= error;
    });
  }

  get writingSinceMs(): number | null {
    return this.#outlet.writingSinceMs;
  }

  get unsentBytes(): number {
    return this.#outlet.unsentBytes;
  }

  carry(owner: StreamOwner): void {
    this.#owner = owner;
    const websocket = this.#websocket;
    websocket.on('message', (data, isBinary) => this.#message(data, isBinary));
    websocket.on('close', (status) => this.#closed(status));
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
    this.#owner = null;
    this.#close(NORMAL);
  }

  destroy(): void {
    this.#owner = null;
    this.#websocket.terminate();
  }

  #message(data: RawData, isBinary: boolean): void {
    if (!isBinary) {
      this.#release()?.failed(() => new TransportError('_transport_text_message', 'a text message'));
      this.#close(UNSUPPORTED_DATA, 'binary messages only');
      return;
    }
    // With its default type ws gives one Buffer a message.
    this.#owner?.bytes(data as Buffer);
  }

  #close(status: number, reason?: string): void {
    const websocket = this.#websocket;
    if (websocket.readyState === websocket.OPEN) this.#outlet.finish();
    websocket.close(status, reason);
  }

  #closed(status: number): void {
    const owner = this.#release();
    if (owner === null) return;
    const cause = this.#cause;
    if (cause !== undefined) {
      owner.failed(() => new TransportError('_transport_invalid_message', cause.message, cause));
    } else if (status === NORMAL || status === GOING_AWAY || status === NO_STATUS) owner.ended();
    else owner.failed(() => new TransportError('_transport_broken', `closed with status ${status}`));
  }

  #release(): StreamOwner | null {
    const owner = this.#owner;
    this.#owner = null;
    return owner;
  }
}
