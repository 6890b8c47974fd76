/** What stands between two ends: hands bytes on, or does something to them. */
import { connect as connectTcp, createServer, type Server, type Socket } from 'node:net';
import { connect as connectTls, TLSSocket } from 'node:tls';

/** Something that listens and hands on what comes, to be put between two ends. */
export class Between {
  readonly server: Server;
  readonly #sockets = new Set<Socket>();

  private constructor(meet: (near: Socket, keep: (far: Socket) => void) => void) {
    this.server = createServer((near) => {
      this.#keep(near);
      meet(near, (far) => this.#keep(far));
    });
  }

  static async open(meet: (near: Socket, keep: (far: Socket) => void) => void): Promise<Between> {
    const between = new Between(meet);
    await new Promise<void>((done) => void between.server.listen(0, '127.0.0.1', done));
    return between;
  }

  readonly host = '127.0.0.1';

  get port(): number {
    return (this.server.address() as { port: number }).port;
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((done) => void this.server.close(() => done()));
  }

  #keep(socket: Socket): void {
    socket.on('error', () => {});
    this.#sockets.add(socket);
  }
}

/** Hands bytes on one by one, both ways. */
export const chopping = (target: { host: string; port: number }): Promise<Between> =>
  Between.open((near, keep) => {
    const far = connectTcp({ host: target.host, port: target.port, noDelay: true });
    near.setNoDelay(true);
    keep(far);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('data', (chunk: Buffer) => {
        for (const byte of chunk) to.write(Uint8Array.of(byte));
      });
      from.on('end', () => to.end());
    }
  });

/** Ends TLS on both sides, and hands on what is said within: it could read and change all of it. */
export const terminating = (
  { host, port }: { readonly host: string; readonly port: number },
  credentials: { readonly key: string; readonly cert: string },
): Promise<Between> =>
  Between.open((raw, keep) => {
    const near = new TLSSocket(raw, { isServer: true, ...credentials, ALPNProtocols: ['psyc/1', 'http/1.1'] });
    keep(near);
    near.once('secure', () => {
      const { alpnProtocol } = near;
      const chosen = typeof alpnProtocol === 'string' ? { ALPNProtocols: [alpnProtocol] } : {};
      const far = connectTls({ host, port, rejectUnauthorized: false, ...chosen });
      keep(far);
      near.pipe(far).pipe(near);
    });
  });
