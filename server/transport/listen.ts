/** A port that takes circuits: TLS, then PSYC as it is or inside WebSocket. docs/spec/transport.md#listening */
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { Credentials } from './certificate.ts';
import { Door, type DoorOptions } from './door.ts';
import { type Answering, httpFor } from './http.ts';
import { peek } from './peek.ts';
import { isHttp, isTls, plainAnswer } from './plain.ts';
import type { ByteStream } from './stream.ts';
import { SocketStream } from './socket-stream.ts';
import { acceptingTls, ALPN_HTTP, ALPN_PSYC, exporter } from './tls.ts';

/** Where to listen, and whom to tell. */
export interface ListenOptions extends DoorOptions {
  readonly credentials: Credentials;
  /** Takes a stream that a peer has opened; must call its `carry` at once. */
  readonly accept: (stream: ByteStream) => void;
  /** Answers HTTP requests that are no upgrades; without, none is. */
  readonly requested?: Answering;
}

/** A listening server. */
export class Listener {
  readonly #options: ListenOptions;
  readonly #door: Door;
  readonly #tls: TlsServer;
  readonly #http: HttpServer;

  private constructor(options: ListenOptions) {
    this.#options = options;
    const door = (this.#door = new Door(options));
    this.#http = httpFor(door.shell, {
      channelOf: (socket) => ({
        domain: (socket as TLSSocket).servername || null,
        exportKey: exporter(socket as TLSSocket),
      }),
      admit: () => true,
      requested: options.requested,
      accept: (stream, socket) => this.#accept(stream, socket),
      refused: (reason) => door.refused('_transport_invalid_request', reason),
    });
    this.#tls = createTlsServer(acceptingTls(options.credentials, door.limits.acceptMsMax), (socket) =>
      this.#secure(socket),
    );
    this.#tls.on('tlsClientError', (error) => door.refused('_transport_handshake', error.message));
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: ListenOptions): Promise<Listener> {
    const listener = new Listener(options);
    await listener.#door.open((socket) => listener.#connected(socket));
    return listener;
  }

  /** Where it listens, in the order of `hosts`. */
  get addresses(): AddressInfo[] {
    return this.#door.addresses;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#door.connections;
  }

  /** As `Door.close`. */
  async close(): Promise<void> {
    await this.#door.close();
    this.#http.close();
  }

  #connected(socket: Socket): void {
    if (!this.#door.admit(socket)) {
      socket.destroy();
      return;
    }
    this.#door.await(socket);
    peek(socket, (first) => {
      if (isTls(first)) {
        this.#tls.emit('connection', socket);
        return;
      }
      this.#door.refused('_transport_plain', `from ${socket.remoteAddress}`);
      const answer = plainAnswer(first);
      if (answer === null) socket.destroy();
      else socket.end(answer).resume();
    });
  }

  #secure(socket: TLSSocket): void {
    socket.on('error', this.#broken);
    if (socket.alpnProtocol === ALPN_PSYC) this.#raw(socket);
    else if (socket.alpnProtocol === ALPN_HTTP) this.#http.emit('connection', socket);
    else {
      peek(socket, (first) => {
        if (isHttp(first)) {
          this.#http.emit('connection', socket);
          socket.resume();
        } else this.#raw(socket);
      });
    }
  }

  readonly #broken = (error: Error): void => this.#door.refused('_transport_broken', error.message);

  #raw(socket: TLSSocket): void {
    const channel = {
      kind: 'tls',
      accepted: true,
      domain: socket.servername || null,
      origin: null,
      exportKey: exporter(socket),
    } as const;
    this.#accept(new SocketStream(socket, channel, this.#door.shell), socket);
  }

  #accept(stream: ByteStream, socket: Socket): void {
    this.#door.taken(socket);
    this.#options.accept(stream);
  }
}

/** Rejects with the system's error when `Listener.open` would: to be asked before something that takes long. */
export async function checkPort(hosts: readonly string[], port: number): Promise<void> {
  for (const host of hosts) {
    const server = createServer();
    server.listen({ host, port });
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
  }
}
