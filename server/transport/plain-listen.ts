/** A port without TLS, for peers that the configuration names by their addresses. docs/spec/plain.md#listening */
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Door, type DoorOptions } from './door.ts';
import { TransportError } from './errors.ts';
import { type TransportLimits, transportLimits } from './limits.ts';
import { SocketStream } from './socket-stream.ts';
import type { ByteStream, Channel } from './stream.ts';
import type { Timers } from './timers.ts';
import { WriteTurn } from './write-turn.ts';

/** Where to listen, and whom to tell. */
export interface PlainListenOptions extends DoorOptions {
  /** Takes a stream, and the peer's address; must call its `carry` at once. */
  readonly accept: (stream: ByteStream, address: string) => void;
}

const turn = new WriteTurn(transportLimits);

const channelOf = (accepted: boolean, domain: string | null): Channel => ({
  kind: 'plain',
  accepted,
  domain,
  origin: null,
  exportKey: () => null,
});

/** A listening port. */
export class PlainListener {
  readonly #options: PlainListenOptions;
  readonly #door: Door;

  private constructor(options: PlainListenOptions) {
    this.#options = options;
    this.#door = new Door(options);
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: PlainListenOptions): Promise<PlainListener> {
    const listener = new PlainListener(options);
    await listener.#door.open((socket) => listener.#connected(socket));
    return listener;
  }

  /** Where it listens, in the order of `hosts`. */
  get addresses(): AddressInfo[] {
    return this.#door.addresses;
  }

  /** As `Door.close`. */
  close(): Promise<void> {
    return this.#door.close();
  }

  #connected(socket: Socket): void {
    if (!this.#door.admit(socket)) socket.destroy();
    else {
      const stream = new SocketStream(socket, channelOf(true, null), this.#door.shell);
      this.#options.accept(stream, socket.remoteAddress ?? '');
    }
  }
}

/** A stream without TLS to a host at one of its addresses, one after the other. Rejects with TransportError `_transport_unreachable`. */
export async function reachPlain(
  host: string,
  at: { readonly addresses: readonly string[]; readonly port: number },
  { timers, limits = transportLimits }: { readonly timers: Timers; readonly limits?: TransportLimits },
  signal: AbortSignal,
): Promise<ByteStream> {
  let last: unknown;
  for (const address of at.addresses) {
    if (signal.aborted) break;
    try {
      const socket = await connected(address, at.port, signal);
      return new SocketStream(socket, channelOf(false, host), { turn, timers, limits });
    } catch (error) {
      last = error;
    }
  }
  throw new TransportError('_transport_unreachable', last instanceof Error ? last.message : 'given up', last);
}

function connected(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true });
    const abort = (): void => void socket.destroy(new Error('given up'));
    signal.addEventListener('abort', abort, { once: true });
    const fail = (error: Error): void => {
      signal.removeEventListener('abort', abort);
      reject(error);
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
      // Paused until it is carried: the peer may greet first.
      socket.pause();
      resolve(socket);
    });
  });
}
