/** The peers without TLS of a running server: their port, and who may be where. docs/operating.md#peers-without-tls */
import type { Logger } from 'pino';
import { peerAddress } from './config/address.ts';
import type { PlainConfig } from './config/config.ts';
import type { TransportLimits } from './transport/limits.ts';
import { PlainListener, reachPlain } from './transport/plain-listen.ts';
import type { ByteStream } from './transport/stream.ts';
import type { Timers } from './transport/timers.ts';

/** What it works with. */
export interface PlainOptions {
  readonly timers: Timers;
  readonly log: Logger;
  readonly limits: TransportLimits;
}

/** All plain peers of one server. */
export class PlainDoor {
  readonly #config: PlainConfig;
  readonly #options: PlainOptions;
  readonly #hostsAt = new Map<string, string[]>();
  #listener: PlainListener | null = null;

  constructor(config: PlainConfig, options: PlainOptions) {
    this.#config = config;
    this.#options = options;
    for (const [host, { addresses }] of config.peers) {
      for (const address of addresses.map(peerAddress)) {
        this.#hostsAt.set(address, [...(this.#hostsAt.get(address) ?? []), host]);
      }
    }
  }

  /** Their names. */
  get hosts(): ReadonlySet<string> {
    return new Set(this.#config.peers.keys());
  }

  /** Begins to listen on `hosts`, addresses of this machine. Throws the system's error for one that is taken or not ours. */
  async open(hosts: readonly string[], accept: (stream: ByteStream, named: readonly string[]) => void): Promise<void> {
    this.#listener = await PlainListener.open({
      hosts,
      port: this.#config.port,
      accept: (stream, address) => accept(stream, this.#hostsAt.get(peerAddress(address)) ?? []),
      ...this.#options,
    });
  }

  /** Where it listens. */
  get addresses(): { address: string; port: number }[] {
    return this.#listener?.addresses ?? [];
  }

  /** A stream to a host that is named; null: it is not. */
  reach(host: string, signal: AbortSignal): Promise<ByteStream> | null {
    const at = this.#config.peers.get(host);
    return at === undefined ? null : reachPlain(host, at, this.#options, signal);
  }

  async close(): Promise<void> {
    await this.#listener?.close();
  }
}
