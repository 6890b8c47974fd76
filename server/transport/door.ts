/** What all listeners share: ports, who is let in, how long a connection may take to become a circuit, and the end. docs/spec/transport.md#listening */
import type { AddressInfo, Socket } from 'node:net';
import type { Logger } from 'pino';
import { Admission } from './admission.ts';
import type { TransportCode } from './errors.ts';
import { type TransportLimits, transportLimits } from './limits.ts';
import type { Shell } from './outlet.ts';
import { Ports } from './ports.ts';
import type { Timers } from './timers.ts';
import { WriteTurn } from './write-turn.ts';

/** Where a door is. */
export interface DoorOptions {
  /** Addresses of ours, IPv4 and IPv6; `::` is every one of both kinds. */
  readonly hosts: readonly string[];
  /** 0: any, and one of its own for each host. */
  readonly port: number;
  readonly timers: Timers;
  readonly log: Logger;
  readonly limits?: TransportLimits;
}

/** The two ends of a connection, as raw socket and TLS socket both know them. */
const endsOf = ({ localAddress, localPort, remoteAddress, remotePort }: Socket): string =>
  `${localAddress} ${localPort} ${remoteAddress} ${remotePort}`;

/** One listener's door. */
export class Door {
  readonly limits: TransportLimits;
  /** What its streams share. */
  readonly shell: Shell;
  readonly #options: DoorOptions;
  readonly #admission: Admission;
  readonly #ports = new Ports();
  readonly #sockets = new Set<Socket>();
  /** What ends the wait of connections that are no circuits yet. */
  readonly #waiting = new Map<string, () => void>();

  constructor(options: DoorOptions) {
    const { timers, limits = transportLimits } = options;
    this.#options = options;
    this.limits = limits;
    this.shell = { turn: new WriteTurn(limits), timers, limits };
    this.#admission = new Admission(limits);
  }

  /** Calls `connected` for each connection. Rejects with the system's error when an address is taken or not ours; then it is closed. */
  async open(connected: (socket: Socket) => void): Promise<void> {
    const { hosts, port, log } = this.#options;
    try {
      await this.#ports.open(hosts, port, log, (socket) => {
        // Its errors are told by what lies above it; without a listener they would end the process.
        socket.on('error', () => {});
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
        connected(socket);
      });
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Where it is, in the order of `hosts`. */
  get addresses(): AddressInfo[] {
    return this.#ports.addresses;
  }

  /** How many connections there are. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Counts the connection as one from `address`; false: there are too many. */
  admit(socket: Socket, address = socket.remoteAddress ?? ''): boolean {
    if (this.#admission.admit(socket, address)) return true;
    this.refused('_transport_excessive_connections', `from ${address}`);
    return false;
  }

  /** Gives the connection `acceptMsMax` to become a circuit. */
  await(socket: Socket): void {
    const ends = endsOf(socket);
    const cancel = this.#options.timers.after(this.limits.acceptMsMax, () => {
      this.refused('_transport_timeout', `from ${socket.remoteAddress}`);
      socket.destroy();
    });
    const stop = (): void => {
      cancel();
      if (this.#waiting.get(ends) === stop) this.#waiting.delete(ends);
    };
    this.#waiting.set(ends, stop);
    socket.once('close', stop);
  }

  /** It is a circuit now. */
  taken(socket: Socket): void {
    this.#waiting.get(endsOf(socket))?.();
  }

  /** For the debug level only: `reason` may name the peer's address. */
  refused(code: TransportCode, reason: string): void {
    this.#options.log.debug({ code, reason }, 'connection refused');
  }

  /** Takes no more, breaks off what is no circuit yet, and gives the others `closingMsMax` to end. */
  async close(): Promise<void> {
    const closed = this.#ports.close();
    for (const socket of this.#sockets) if (this.#waiting.has(endsOf(socket))) socket.destroy();
    const cancel = this.#options.timers.after(this.limits.closingMsMax, () => {
      for (const socket of this.#sockets) socket.destroy();
    });
    // A server counts a connection as gone a little before it is.
    const gone = Array.from(
      this.#sockets,
      (socket) => new Promise<void>((done) => void socket.once('close', () => done())),
    );
    await Promise.all([closed, ...gone]);
    cancel();
  }
}
