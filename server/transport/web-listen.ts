/** A port without TLS for a proxy that ends it: WebSocket for browsers, and nothing that would have to be proved over the TLS that is gone. docs/spec/transport.md#behind-a-proxy */
import type { IncomingMessage, Server as HttpServer } from 'node:http';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { Admission } from './admission.ts';
import type { TransportCode } from './errors.ts';
import { httpFor } from './http.ts';
import { type TransportLimits, transportLimits } from './limits.ts';
import type { Shell } from './outlet.ts';
import { peek } from './peek.ts';
import { isHttp } from './plain.ts';
import { Ports } from './ports.ts';
import { SocketStream } from './socket-stream.ts';
import type { ByteStream } from './stream.ts';
import type { Timers } from './timers.ts';
import { WriteTurn } from './write-turn.ts';

/** Where to listen, and for whom. */
export interface WebListenOptions {
  readonly hosts: readonly string[];
  readonly port: number;
  /** Whether a proxy is at this address. */
  readonly isProxy: (address: string) => boolean;
  /** Takes a stream; must call its `carry` at once. */
  readonly accept: (stream: ByteStream) => void;
  readonly timers: Timers;
  readonly log: Logger;
  readonly limits?: TransportLimits;
}

/** What is gone with TLS. */
const exportKey = (): null => null;

/** The address that the proxy adds to what it passes on, behind those that anybody may have written; null: it says none. */
function forwardedFor({ headers }: IncomingMessage): string | null {
  const said = [headers['x-forwarded-for'] ?? []].flat().join(',').split(',').at(-1)!.trim();
  return isIP(said) === 0 ? null : said;
}

/** A listening port. */
export class WebListener {
  readonly #options: WebListenOptions;
  readonly #limits: TransportLimits;
  readonly #admission: Admission;
  readonly #shell: Shell;
  readonly #http: HttpServer;
  readonly #ports = new Ports();
  readonly #sockets = new Set<Socket>();
  readonly #waiting = new Map<Socket, () => void>();

  private constructor(options: WebListenOptions) {
    this.#options = options;
    this.#limits = options.limits ?? transportLimits;
    this.#admission = new Admission(this.#limits);
    this.#shell = { turn: new WriteTurn(this.#limits), timers: options.timers, limits: this.#limits };
    this.#http = httpFor(this.#shell, {
      channelOf: () => ({ domain: null, exportKey }),
      admit: (request, socket) => this.#admit(socket, forwardedFor(request)),
      accept: (stream, socket) => this.#accept(stream, socket),
      refused: (reason) => this.#log('_transport_invalid_request', reason),
    });
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: WebListenOptions): Promise<WebListener> {
    const listener = new WebListener(options);
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

  /** Takes no more, breaks off what is no circuit yet, and gives the others `closingMsMax` to end. */
  async close(): Promise<void> {
    for (const socket of this.#waiting.keys()) socket.destroy();
    const cancel = this.#options.timers.after(this.#limits.closingMsMax, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    await this.#ports.close();
    cancel();
    this.#http.close();
  }

  #connected(socket: Socket): void {
    socket.on('error', () => {});
    const address = socket.remoteAddress ?? '';
    const isFull = this.#sockets.size >= this.#limits.connectionsMax;
    if (isFull || !this.#options.isProxy(address)) {
      this.#log(isFull ? '_transport_excessive_connections' : '_transport_foreign_proxy', `from ${address}`);
      socket.destroy();
      return;
    }
    this.#sockets.add(socket);
    const cancel = this.#options.timers.after(this.#limits.acceptMsMax, () => {
      this.#log('_transport_timeout', `from ${address}`);
      socket.destroy();
    });
    this.#waiting.set(socket, cancel);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      this.#stopWaiting(socket);
    });
    peek(socket, (first) => {
      if (isHttp(first)) {
        this.#http.emit('connection', socket);
        socket.resume();
      } else if (this.#admit(socket, null)) {
        // A proxy that passes on what it does not know: whoever is there hears why he can prove nothing.
        const channel = { kind: 'plain', accepted: true, domain: null, origin: null, exportKey } as const;
        this.#accept(new SocketStream(socket, channel, this.#shell), socket);
      } else socket.destroy();
    });
  }

  /** Counts by whom the proxy says that it is for. */
  #admit(socket: Socket, address: string | null): boolean {
    if (this.#admission.admit(socket, address ?? undefined)) return true;
    this.#log('_transport_excessive_connections', `from ${address ?? socket.remoteAddress}`);
    return false;
  }

  #stopWaiting(socket: Socket): void {
    this.#waiting.get(socket)?.();
    this.#waiting.delete(socket);
  }

  #accept(stream: ByteStream, socket: Socket): void {
    this.#stopWaiting(socket);
    this.#options.accept(stream);
  }

  /** For the debug level only: `reason` may name the peer's address. */
  #log(code: TransportCode, reason: string): void {
    this.#options.log.debug({ code, reason }, 'connection refused');
  }
}
