/** A stream to a domain's server: found, and connected over TLS. docs/spec/transport.md#dialling */
import { isIP, type LookupFunction, type Socket, type TcpNetConnectOpts } from 'node:net';
import { connect, type ConnectionOptions, createSecureContext } from 'node:tls';
import { TransportError } from './errors.ts';
import { type TransportLimits, transportLimits } from './limits.ts';
import type { Shell } from './outlet.ts';
import { type Address, endpointsOf, type Finding, isOnion, toldOrItself } from './resolve.ts';
import type { ByteStream } from './stream.ts';
import type { Timers } from './timers.ts';
import { SocketStream } from './socket-stream.ts';
import { type Proxy, throughProxy } from './socks.ts';
import { ALPN_PSYC, diallingTls, exporter } from './tls.ts';
import { WriteTurn } from './write-turn.ts';

/** Whose server is to be reached. */
export interface Reaching extends Finding {
  readonly domain: string;
  readonly timers: Timers;
  readonly limits?: TransportLimits;
  /** Through which everything goes; nothing is looked up then. */
  readonly proxy?: Proxy | null;
}

const turn = new WriteTurn(transportLimits);

/** One for all: without it every connection would read the system's certificates, which nobody asks. */
const secureContext = createSecureContext({ minVersion: diallingTls.minVersion });

/** A stream to the first endpoint that answers. Rejects with an Error, mostly a TransportError; with any after `signal`. */
export async function reach(options: Reaching, signal: AbortSignal): Promise<ByteStream> {
  const { domain, resolver, timers, limits = transportLimits, proxy = null } = options;
  const shell = { turn, timers, limits };
  if (proxy !== null) {
    const endpoint = toldOrItself(domain, options.peers);
    const socket = await throughProxy(proxy, endpoint, domain, signal);
    return connected(domain, { socket }, shell, signal);
  }
  let last: unknown;
  for (const endpoint of await endpointsOf(domain, options, limits.hostsMax)) {
    try {
      const { host, port } = endpoint;
      if (isOnion(host)) throw new TransportError('_transport_necessary_proxy', `${host} is reached through Tor only`);
      const family = isIP(host);
      const addresses = family === 0 ? await resolver.addresses(host) : [{ address: host, family }];
      if (signal.aborted) break;
      const lookup = told(addresses.slice(0, limits.addressesMax));
      const autoSelectFamilyAttemptTimeout = limits.addressMsMax;
      const way = { host, port, lookup, autoSelectFamily: true, autoSelectFamilyAttemptTimeout };
      return await connected(domain, way, shell, signal);
    } catch (error) {
      last = error;
    }
    if (signal.aborted) break;
  }
  throw last instanceof Error ? last : new TransportError('_transport_unreachable', 'given up');
}

/** What a TLS connection is made over: a socket that stands, or the addresses of a host, whichever answers first (RFC 8305). */
type Way = { readonly socket: Socket } | TcpNetConnectOpts;

function connected(domain: string, way: Way, shell: Shell, signal: AbortSignal): Promise<SocketStream> {
  return new Promise((resolve, reject) => {
    const options: ConnectionOptions = {
      ...diallingTls,
      secureContext,
      ...way,
      // RFC 6066 section 3: a name, never an address.
      ...(isIP(domain) === 0 ? { servername: domain } : {}),
    };
    const socket = connect(options).setNoDelay(true);
    const abort = (): void => void socket.destroy();
    signal.addEventListener('abort', abort, { once: true });
    const fail = (error?: Error): void => {
      signal.removeEventListener('abort', abort);
      reject(new TransportError('_transport_unreachable', error?.message ?? 'the connection closed', error));
    };
    socket.once('error', fail);
    socket.once('close', fail);
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', abort);
      socket.off('close', fail);
      // Every server of ours takes what we offer.
      if (socket.alpnProtocol !== ALPN_PSYC) {
        socket.on('error', () => {});
        socket.destroy();
        reject(
          new TransportError('_transport_foreign_tls', 'TLS without psyc/1: a web server, or a proxy that ends TLS'),
        );
        return;
      }
      const channel = { kind: 'tls', accepted: false, domain, origin: null, exportKey: exporter(socket) } as const;
      // It listens for errors from here on; the one listener above is spent by the first, and says it to nobody.
      resolve(new SocketStream(socket, channel, shell));
    });
  });
}

/** Answers the socket's question for addresses with those that are known. */
const told =
  (addresses: readonly Address[]): LookupFunction =>
  (_host, { all }, answer) => {
    const [first] = addresses;
    if (first === undefined) answer(new Error('no address'), []);
    else if (all)
      answer(
        null,
        addresses.map(({ address, family }) => ({ address, family })),
      );
    else answer(null, first.address, first.family);
  };
