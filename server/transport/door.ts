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

/** A connection that is no circuit yet; `cancel` ends its time for that. */
interface Waiting {
  readonly socket: Socket;
  readonly cancel: () => void;
}

const toldElsewhere = (): void => {};

/** One listener's door. */
export class Door {
  readonly limits: TransportLimits;
  /** What its streams share. */
  readonly shell: Shell;
  readonly #options: DoorOptions;
  readonly #admission: Admission;
  readonly #ports = new Ports();
  /** Every connection, and its ends while it is no circuit yet; then empty. */
  readonly #sockets = new Map<Socket, string>();
  /** Connections that are no circuits yet, by their ends. */
  readonly #waiting = new Map<string, Waiting>();
  /** One listener for all sockets: thousands of them idle. */
  readonly #closed: (this: Socket) => void;

  constructor(options: DoorOptions) {
    const { timers, limits = transportLimits } = options;
    this.#options = options;
    this.limits = limits;
    this.shell = { turn: new WriteTurn(limits), timers, limits };
    this.#admission = new Admission(limits);
    const gone = (socket: Socket): void => {
      this.#settled(socket);
      this.#sockets.delete(socket);
    };
    this.#closed = function () {
      gone(this);
    };
  }

  /** Calls `connected` for each connection. Rejects with the system's error when an address is taken or not ours; then it is closed. */
  async open(connected: (socket: Socket) => void): Promise<void> {
    const { hosts, port, log } = this.#options;
    try {
      await this.#ports.open(hosts, port, log, (socket) => {
        // Its errors are told by what lies above it; without a listener they would end the process.
        socket.on('error', toldElsewhere);
        this.#sockets.set(socket, '');
        socket.on('close', this.#closed);
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
    // Who had the same ends before is gone, whether we have heard so or not.
    this.#waiting.get(ends)?.cancel();
    this.#waiting.set(ends, { socket, cancel });
    this.#sockets.set(socket, ends);
  }

  /** It is a circuit now. */
  taken(socket: Socket): void {
    const waiting = this.#waiting.get(endsOf(socket));
    if (waiting !== undefined) this.#settled(waiting.socket);
  }

  /** A connection waits no more. */
  #settled(socket: Socket): void {
    const ends = this.#sockets.get(socket) ?? '';
    const waiting = this.#waiting.get(ends);
    if (waiting?.socket !== socket) return;
    waiting.cancel();
    this.#waiting.delete(ends);
    this.#sockets.set(socket, '');
  }

  /** For the debug level only: `reason` may name the peer's address. */
  refused(code: TransportCode, reason: string): void {
    this.#options.log.debug({ code, reason }, 'connection refused');
  }

  /** Takes no more, breaks off what is no circuit yet, and gives the others `closingMsMax` to end. */
  async close(): Promise<void> {
    const closed = this.#ports.close();
    for (const { socket } of this.#waiting.values()) socket.destroy();
    const cancel = this.#options.timers.after(this.limits.closingMsMax, () => {
      for (const socket of this.#sockets.keys()) socket.destroy();
    });
    // A server counts a connection as gone a little before it is.
    const gone = Array.from(
      this.#sockets.keys(),
      (socket) => new Promise<void>((done) => void socket.once('close', () => done())),
    );
    await Promise.all([closed, ...gone]);
    cancel();
  }
}
