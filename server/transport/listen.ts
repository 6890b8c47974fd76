/** A port that takes circuits: TLS, then PSYC as it is or inside WebSocket. docs/spec/transport.md#listening */
import { once } from 'node:events';
import type { Server as HttpServer } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type Server as TlsServer, type TLSSocket } from 'node:tls';
import type { Logger } from 'pino';
import { Admission } from './admission.ts';
import type { Credentials } from './certificate.ts';
import type { TransportCode } from './errors.ts';
import { type Answering, httpFor } from './http.ts';
import { type TransportLimits, transportLimits } from './limits.ts';
import type { Shell } from './outlet.ts';
import { peek } from './peek.ts';
import { isHttp, isTls, plainAnswer } from './plain.ts';
import { Ports } from './ports.ts';
import type { ByteStream } from './stream.ts';
import type { Timers } from './timers.ts';
import { SocketStream } from './socket-stream.ts';
import { acceptingTls, ALPN_HTTP, ALPN_PSYC, exporter } from './tls.ts';
import { WriteTurn } from './write-turn.ts';

/** Where to listen, and whom to tell. */
export interface ListenOptions {
  /** Addresses of ours, IPv4 and IPv6; `::` is every one of both kinds. */
  readonly hosts: readonly string[];
  /** 0: any, and one of its own for each host. */
  readonly port: number;
  readonly credentials: Credentials;
  /** Takes a stream that a peer has opened; must call its `carry` at once. */
  readonly accept: (stream: ByteStream) => void;
  /** Answers HTTP requests that are no upgrades; without, none is. */
  readonly requested?: Answering;
  readonly timers: Timers;
  readonly log: Logger;
  readonly limits?: TransportLimits;
}

/** The two ends of a connection, as raw socket and TLS socket both know them. */
const endsOf = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): string =>
  `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;

/** A listening server. */
export class Listener {
  readonly #options: ListenOptions;
  readonly #limits: TransportLimits;
  readonly #admission: Admission;
  readonly #shell: Shell;
  readonly #tls: TlsServer;
  readonly #http: HttpServer;
  readonly #ports = new Ports();
  /** What ends the wait of connections that are no circuits yet. */
  readonly #waiting = new Map<string, () => void>();

  private constructor(options: ListenOptions) {
    this.#options = options;
    this.#limits = options.limits ?? transportLimits;
    this.#admission = new Admission(this.#limits);
    this.#shell = { turn: new WriteTurn(this.#limits), timers: options.timers, limits: this.#limits };
    this.#http = httpFor(this.#shell, {
      channelOf: (socket) => ({
        domain: (socket as TLSSocket).servername || null,
        exportKey: exporter(socket as TLSSocket),
      }),
      admit: () => true,
      requested: options.requested,
      accept: (stream, socket) => this.#accept(stream, socket),
      refused: (reason) => this.#log('_transport_invalid_request', reason),
    });
    this.#tls = createTlsServer(acceptingTls(options.credentials, this.#limits.acceptMsMax), (socket) =>
      this.#secure(socket),
    );
    this.#tls.on('tlsClientError', (error) => this.#log('_transport_handshake', error.message));
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: ListenOptions): Promise<Listener> {
    const listener = new Listener(options);
    try {
      const { hosts, port, log } = options;
      await listener.#ports.open(hosts, port, log, (socket) => listener.#connected(socket));
    } catch (error) {
      await listener.close();
      throw error;
    }
    return listener;
  }

  /** Where it listens, in the order of `hosts`. */
  get addresses(): AddressInfo[] {
    return this.#ports.addresses;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#admission.sockets.size;
  }

  /** Takes no more, breaks off what is no circuit yet, and gives the others `closingMsMax` to end. */
  async close(): Promise<void> {
    const closed = this.#ports.close();
    for (const socket of this.#admission.sockets) if (this.#waiting.has(endsOf(socket))) socket.destroy();
    const cancel = this.#options.timers.after(this.#limits.closingMsMax, () => {
      for (const socket of this.#admission.sockets) socket.destroy();
    });
    // A server counts a connection as gone a little before it is.
    const gone = Array.from(
      this.#admission.sockets,
      (socket) => new Promise<void>((done) => void socket.once('close', () => done())),
    );
    await Promise.all([closed, ...gone]);
    cancel();
    this.#http.close();
  }

  #connected(socket: Socket): void {
    // Its errors are told by what lies above it; without a listener they would end the process.
    socket.on('error', () => {});
    if (!this.#admission.admit(socket)) {
      this.#log('_transport_excessive_connections', `from ${socket.remoteAddress}`);
      socket.destroy();
      return;
    }
    this.#await(socket);
    peek(socket, (first) => {
      if (isTls(first)) {
        this.#tls.emit('connection', socket);
        return;
      }
      this.#log('_transport_plain', `from ${socket.remoteAddress}`);
      const answer = plainAnswer(first);
      if (answer === null) socket.destroy();
      else socket.end(answer).resume();
    });
  }

  /** Gives the connection so long to become a circuit. */
  #await(socket: Socket): void {
    const ends = endsOf(socket);
    const cancel = this.#options.timers.after(this.#limits.acceptMsMax, () => {
      this.#log('_transport_timeout', `from ${socket.remoteAddress}`);
      socket.destroy();
    });
    const stop = (): void => {
      cancel();
      if (this.#waiting.get(ends) === stop) this.#waiting.delete(ends);
    };
    this.#waiting.set(ends, stop);
    socket.once('close', stop);
  }

  #secure(socket: TLSSocket): void {
    socket.on('error', (error: Error) => this.#log('_transport_broken', error.message));
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

  #raw(socket: TLSSocket): void {
    const channel = {
      kind: 'tls',
      accepted: true,
      domain: socket.servername || null,
      origin: null,
      exportKey: exporter(socket),
    } as const;
    this.#accept(new SocketStream(socket, channel, this.#shell), socket);
  }

  #accept(stream: ByteStream, socket: Socket): void {
    this.#waiting.get(endsOf(socket))?.();
    this.#options.accept(stream);
  }

  /** For the debug level only: `reason` may name the peer's address. */
  #log(code: TransportCode, reason: string): void {
    this.#options.log.debug({ code, reason }, 'connection refused');
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
