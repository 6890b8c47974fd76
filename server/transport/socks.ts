/** SOCKS5 (RFC 1928, RFC 1929): a connection through a proxy, which is given the host's name and looks it up itself. docs/spec/transport.md#proxy */
import { randomBytes } from 'node:crypto';
import { connect, isIP, type Socket } from 'node:net';
import { addressBytes } from './address-bytes.ts';
import { TransportError } from './errors.ts';
import type { Endpoint } from './resolve.ts';

/** A proxy, by its address, and what it is told to keep connections apart by (Tor's IsolateSOCKSAuth). */
export interface Proxy extends Endpoint {
  /** Of one process: others do not share its ways. */
  readonly password: string;
}

const PASSWORD_BYTES = 16;

/** The proxy of a configuration, with a password that no other process has: its ways are its own. */
export const ownWays = (at: Endpoint | null): Proxy | null =>
  at === null ? null : { ...at, password: randomBytes(PASSWORD_BYTES).toString('hex') };

const SOCKS = 5;
const AUTHENTICATION = 1;
const NONE = 0;
const PASSWORD = 2;
const CONNECT = 1;
const GRANTED = 0;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;

/** RFC 1928 section 6, and Tor's own (its proposal 304). */
const replies: Readonly<Record<number, string>> = {
  1: 'general failure',
  2: 'not allowed by its rules',
  3: 'network unreachable',
  4: 'host unreachable',
  5: 'connection refused',
  6: 'expired',
  7: 'command not supported',
  8: 'kind of address not supported',
  0xf0: 'onion service not found',
  0xf1: 'onion service descriptor invalid',
  0xf2: 'onion service introduction failed',
  0xf3: 'onion service rendezvous failed',
  0xf4: 'onion service wants authorization',
  0xf5: 'onion service authorization wrong',
  0xf6: 'onion address invalid',
  0xf7: 'onion service introduction timed out',
};

/** What the proxy will not do whomever we ask for. */
const denials: ReadonlySet<number> = new Set([2, 7, 8]);

const field = (text: string): Buffer => {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from([bytes.length]), bytes]);
};

const invalid = (text: string): TransportError => new TransportError('_transport_proxy_invalid', text);

/** The client's side, as a machine: bytes of the proxy in, bytes for it out. Holds no more than a reply has, 262 bytes, and what came behind it. */
export class SocksHandshake {
  readonly #target: Endpoint;
  readonly #user: string;
  readonly #password: string;
  #state: 'method' | 'password' | 'reply' | 'granted' = 'method';
  #came = Buffer.alloc(0);

  /** `user` and `password`, each of 1 to 255 bytes, tell this connection from those that may not share its way. */
  constructor(target: Endpoint, user: string, password: string) {
    this.#target = target;
    this.#user = user;
    this.#password = password;
  }

  /** The first bytes. */
  start(): Buffer {
    return Buffer.from([SOCKS, 2, NONE, PASSWORD]);
  }

  /** Whether the connection stands. */
  get isGranted(): boolean {
    return this.#state === 'granted';
  }

  /** What came behind the last reply: the other end's. */
  get rest(): Buffer {
    return this.#came;
  }

  /** Gives what is to be written now. Throws TransportError `_transport_proxy_invalid`, `_transport_proxy_denied`, `_transport_unreachable`. */
  take(chunk: Buffer): Buffer[] {
    this.#came = Buffer.concat([this.#came, chunk]);
    const said: Buffer[] = [];
    for (let next = this.#step(); next !== null; next = this.#step()) said.push(next);
    return said;
  }

  /** null: more has to come first, or nothing more is to be said. */
  #step(): Buffer | null {
    switch (this.#state) {
      case 'method': {
        const [version, method] = this.#bytes(2) ?? [];
        if (version === undefined) return this.#checkVersion(SOCKS);
        if (version !== SOCKS) throw invalid(`version ${version}`);
        if (method === 0xff) throw new TransportError('_transport_proxy_denied', 'it wants what we do not have');
        if (method === PASSWORD) {
          this.#state = 'password';
          return Buffer.concat([Buffer.from([AUTHENTICATION]), field(this.#user), field(this.#password)]);
        }
        if (method !== NONE) throw invalid(`method ${method}, which was not offered`);
        return this.#request();
      }
      case 'password': {
        const [version, status] = this.#bytes(2) ?? [];
        if (version === undefined) return this.#checkVersion(AUTHENTICATION);
        if (version !== AUTHENTICATION) throw invalid(`version ${version} of passwords`);
        if (status !== 0) throw new TransportError('_transport_proxy_denied', 'it does not take the password');
        return this.#request();
      }
      case 'reply':
        return this.#reply();
      case 'granted':
        return null;
    }
  }

  #request(): Buffer {
    this.#state = 'reply';
    const { host, port } = this.#target;
    const kind = { 0: NAME, 4: IPV4, 6: IPV6 }[isIP(host)]!;
    const address = kind === NAME ? field(host) : addressBytes(host);
    return Buffer.concat([Buffer.from([SOCKS, CONNECT, 0, kind]), address, Buffer.from([port >> 8, port & 0xff])]);
  }

  #reply(): null {
    if (this.#came.length < 2) return this.#checkVersion(SOCKS);
    const [version, status = 0, , kind, nameBytes = 0] = this.#came;
    if (version !== SOCKS) throw invalid(`version ${version} in its reply`);
    if (status !== GRANTED) {
      const text = replies[status] ?? `reply ${status}`;
      throw new TransportError(denials.has(status) ? '_transport_proxy_denied' : '_transport_unreachable', text);
    }
    if (this.#came.length < 5) return null;
    const sizes: Readonly<Record<number, number>> = { [IPV4]: 4, [NAME]: 1 + nameBytes, [IPV6]: 16 };
    const size = sizes[kind!];
    if (size === undefined) throw invalid(`an address of kind ${kind}`);
    if (this.#bytes(4 + size + 2) === null) return null;
    this.#state = 'granted';
    return null;
  }

  /** What is no proxy is seen by its first byte. */
  #checkVersion(expected: number): null {
    const [version] = this.#came;
    if (version !== undefined && version !== expected) throw invalid(`version ${version}`);
    return null;
  }

  #bytes(count: number): Buffer | null {
    if (this.#came.length < count) return null;
    const bytes = this.#came.subarray(0, count);
    this.#came = this.#came.subarray(count);
    return bytes;
  }
}

/**
 * A socket to the endpoint through the proxy, paused. `user`: whom it is for; connections for others go other ways. Rejects with
 * TransportError `_transport_proxy_unreachable`, and as `SocksHandshake.take`; with any after `signal`.
 */
export function throughProxy(proxy: Proxy, target: Endpoint, user: string, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const handshake = new SocksHandshake(target, user, proxy.password);
    const socket = connect({ host: proxy.host, port: proxy.port, noDelay: true });
    const end = (error: unknown): void => {
      stop();
      socket.on('error', () => {});
      socket.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    const abort = (): void => end(new TransportError('_transport_unreachable', 'given up'));
    const fail = (error?: Error): void =>
      end(new TransportError('_transport_proxy_unreachable', error?.message ?? 'it closed the connection', error));
    const read = (chunk: Buffer): void => {
      try {
        for (const bytes of handshake.take(chunk)) socket.write(bytes);
      } catch (error) {
        end(error);
        return;
      }
      if (!handshake.isGranted) return;
      stop();
      socket.pause();
      if (handshake.rest.length > 0) socket.unshift(handshake.rest);
      resolve(socket);
    };
    const closed = (): void => fail();
    const stop = (): void => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail).off('close', closed).off('data', read);
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail).once('close', closed).on('data', read);
    socket.once('connect', () => socket.write(handshake.start()));
    if (signal.aborted) abort();
  });
}
