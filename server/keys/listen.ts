/** A port for HKP without TLS, where GnuPG asks by itself. docs/spec/key-server.md#requests */
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import { Admission } from '../transport/admission.ts';
import type { TransportLimits } from '../transport/limits.ts';
import { Ports } from '../transport/ports.ts';
import type { KeyHttp } from './http.ts';

/** Where to listen, and who answers. */
export interface KeyListenOptions {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly keys: KeyHttp;
  readonly log: Logger;
  readonly limits: TransportLimits;
}

/** A listening port. */
export class KeyListener {
  readonly #http: HttpServer;
  readonly #admission: Admission;
  readonly #ports = new Ports();

  private constructor({ keys, limits, log }: KeyListenOptions) {
    this.#admission = new Admission(limits);
    this.#http = createServer(
      {
        maxHeaderSize: limits.httpHeadBytesMax,
        keepAlive: false,
        headersTimeout: limits.acceptMsMax,
        requestTimeout: limits.acceptMsMax,
      },
      (request, response) => {
        if (keys.take(request, response)) return;
        response.writeHead(404, { Connection: 'close', 'Content-Length': 0 }).end();
      },
    );
    this.#http.on('clientError', (error: NodeJS.ErrnoException, socket) => {
      log.debug({ code: '_transport_invalid_request', reason: error.message }, 'connection refused');
      socket.destroy();
    });
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: KeyListenOptions): Promise<KeyListener> {
    const listener = new KeyListener(options);
    try {
      await listener.#ports.open(options.hosts, options.port, options.log, (socket) => listener.#connected(socket));
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

  /** Takes no more, and breaks off what is under way: whoever asks for a key asks again. */
  async close(): Promise<void> {
    for (const socket of this.#admission.sockets) socket.destroy();
    await this.#ports.close();
    this.#http.close();
  }

  #connected(socket: Socket): void {
    socket.on('error', () => {});
    if (this.#admission.admit(socket)) this.#http.emit('connection', socket);
    else socket.destroy();
  }
}
