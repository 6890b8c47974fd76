/** A port without TLS for a proxy that ends it: WebSocket for browsers, and nothing that would have to be proved over the TLS that is gone. docs/spec/transport.md#behind-a-proxy */
import type { IncomingMessage, Server as HttpServer, ServerResponse } from 'node:http';
import { type AddressInfo, isIP, type Socket } from 'node:net';
import { Door, type DoorOptions } from './door.ts';
import { httpFor } from './http.ts';
import { peek } from './peek.ts';
import { isHttp } from './plain.ts';
import { SocketStream } from './socket-stream.ts';
import type { ByteStream } from './stream.ts';

/** Where to listen, and for whom. */
export interface WebListenOptions extends DoorOptions {
  /** Whether a proxy is at this address. */
  readonly isProxy: (address: string) => boolean;
  /** Takes a stream; must call its `carry` at once. */
  readonly accept: (stream: ByteStream) => void;
  /** Answers HTTP requests that are no upgrades, for the address that the proxy names; without, none is. */
  readonly requested?: (request: IncomingMessage, response: ServerResponse, address?: string) => boolean;
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
  readonly #door: Door;
  readonly #http: HttpServer;

  private constructor(options: WebListenOptions) {
    this.#options = options;
    const door = (this.#door = new Door(options));
    this.#http = httpFor(door.shell, {
      channelOf: () => ({ domain: null, exportKey }),
      // Counted by whom the proxy says that it is for.
      admit: (request, socket) => door.admit(socket, forwardedFor(request) ?? undefined),
      requested: (request, response) =>
        options.requested?.(request, response, forwardedFor(request) ?? undefined) === true,
      accept: (stream, socket) => this.#accept(stream, socket),
      refused: (reason) => door.refused('_transport_invalid_request', reason),
    });
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: WebListenOptions): Promise<WebListener> {
    const listener = new WebListener(options);
    await listener.#door.open((socket) => listener.#connected(socket));
    return listener;
  }

  /** Where it listens, in the order of `hosts`. */
  get addresses(): AddressInfo[] {
    return this.#door.addresses;
  }

  /** As `Door.close`. */
  async close(): Promise<void> {
    await this.#door.close();
    this.#http.close();
  }

  #connected(socket: Socket): void {
    const door = this.#door;
    const address = socket.remoteAddress ?? '';
    const isFull = door.connections > door.limits.connectionsMax;
    if (isFull || !this.#options.isProxy(address)) {
      door.refused(isFull ? '_transport_excessive_connections' : '_transport_foreign_proxy', `from ${address}`);
      socket.destroy();
      return;
    }
    door.await(socket);
    peek(socket, (first) => {
      if (isHttp(first)) {
        this.#http.emit('connection', socket);
        socket.resume();
      } else if (door.admit(socket)) {
        // A proxy that passes on what it does not know: whoever is there hears why he can prove nothing.
        const channel = { kind: 'plain', accepted: true, domain: null, origin: null, exportKey } as const;
        this.#accept(new SocketStream(socket, channel, door.shell), socket);
      } else socket.destroy();
    });
  }

  #accept(stream: ByteStream, socket: Socket): void {
    this.#door.taken(socket);
    this.#options.accept(stream);
  }
}
