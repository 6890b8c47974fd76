/** Addresses that are listened on. docs/spec/transport.md#listening */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';

/** Some, on one port or each on one of its own. */
export class Ports {
  readonly #servers: Server[] = [];

  /** Calls `connected` for each connection. Rejects with the system's error when an address is taken or not ours. */
  async open(hosts: readonly string[], port: number, log: Logger, connected: (socket: Socket) => void): Promise<void> {
    for (const host of hosts) {
      const server = createServer({ noDelay: true }, connected);
      server.listen({ host, port });
      await once(server, 'listening');
      // A connection that breaks between the kernel and us is no reason to stop.
      server.on('error', (error) => log.warn({ reason: error.message }, 'listening'));
      this.#servers.push(server);
    }
  }

  /** Where they are, in the order of `hosts`. */
  get addresses(): AddressInfo[] {
    return this.#servers.map((server) => server.address() as AddressInfo);
  }

  /** Takes no more; resolves when the last connection is gone. */
  async close(): Promise<void> {
    await Promise.all(this.#servers.map((server) => new Promise<void>((done) => void server.close(() => done()))));
  }
}
