/** A TCP port that leads to a database's socket, until it is cut; or to where requests arrive and answers are lost. */
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Undoing } from '../undoing.ts';

/** One way to a database. */
export class Tunnel {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #isCut = false;
  /** Answers are read away. */
  #isDeaf = false;
  /** Tries to connect since it was cut, and answers since it became deaf; and who waits for one more. */
  #tries = 0;
  #tried: () => void = () => {};

  private constructor(server: Server, path: string) {
    this.#server = server;
    server.on('connection', (near) => this.#connected(near, path));
  }

  /** To the socket at this path. */
  static async open(undoing: Undoing, path: string): Promise<Tunnel> {
    const server = createServer();
    const tunnel = new Tunnel(server, path);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    undoing.add(async () => {
      server.close();
      tunnel.#end();
    });
    return tunnel;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Every connection breaks, and so does each that is tried. */
  cut(): void {
    this.#isCut = true;
    this.#tries = 0;
    this.#end();
  }

  /** From now on what is asked is done, and nobody hears of it. */
  deafen(): void {
    this.#isDeaf = true;
    this.#tries = 0;
  }

  mend(): void {
    this.#isCut = this.#isDeaf = false;
  }

  /** Resolves when it was tried in vain so often since it broke. */
  async tried(times: number): Promise<void> {
    while (this.#tries < times) await new Promise<void>((done) => (this.#tried = done));
  }

  #end(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #try(): void {
    this.#tries++;
    this.#tried();
  }

  #connected(near: Socket, path: string): void {
    near.on('error', () => {});
    if (this.#isCut) {
      near.destroy();
      this.#try();
      return;
    }
    const far = connect(path);
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket.once('close', () => {
        this.#sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
    far.on('error', () => {});
    near.on('data', (chunk) => far.write(chunk));
    far.on('data', (chunk) => {
      if (this.#isDeaf) this.#try();
      else near.write(chunk);
    });
  }
}
