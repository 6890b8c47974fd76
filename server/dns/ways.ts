/** The ways that a question goes: a datagram, a connection, TLS, HTTP/2. Each asks once, and ends when it is told to. docs/spec/dns.md#asking */
import { createSocket } from 'node:dgram';
import { connect as connectHttp2, constants } from 'node:http2';
import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext } from 'node:tls';
import { type Proxy, throughProxy } from '../transport/socks.ts';
import { DnsError } from './errors.ts';
import { dnsLimits } from './limits.ts';
import type { DnsMessage } from './message.ts';
import type { Query } from './question.ts';
import type { Resolver } from './resolver.ts';

/** What the ways of one process share. */
export interface Ways {
  /** Connections go through it; there are no datagrams then. */
  readonly proxy: Proxy | null;
  /** Whose certificates resolvers show; undefined: those the system trusts. */
  readonly secureContext?: SecureContext | undefined;
}

const { strangersMax, messageBytesMax } = dnsLimits;

const timeout = (): DnsError => new DnsError('_dns_timeout', 'no reply in time');
const unreachable = (error: Error): DnsError => new DnsError('_dns_unreachable', error.message, error);
const stranger = (): DnsError => new DnsError('_dns_invalid_message', 'what came is not the reply');

/**
 * One datagram, from a port that the system chooses by chance, and its reply. What is not the reply is left lying;
 * so many of it are an attack, and rejected with `_dns_invalid_message`. Rejects with `_dns_timeout` after `signal`.
 */
export function askDatagram(at: Resolver, query: Query, hasCookies: boolean, signal: AbortSignal): Promise<DnsMessage> {
  return new Promise((resolve, reject) => {
    const socket = createSocket(isIP(at.host) === 6 ? 'udp6' : 'udp4');
    let strangers = 0;
    const end = (act: () => void): void => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners('message').close();
      act();
    };
    const abort = (): void => end(() => reject(timeout()));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (error) => end(() => reject(unreachable(error))));
    socket.on('message', (bytes) => {
      const reply = query.reply(bytes, false, hasCookies);
      if (reply !== null) end(() => resolve(reply));
      else if (++strangers === strangersMax) end(() => reject(stranger()));
    });
    // Connected: the system passes on what comes from this address and port, and nothing else.
    socket.connect(at.port, at.host, () => socket.send(query.bytes));
  });
}

/** Over TCP, or TLS where the resolver has that. Rejects with DnsError; with `_dns_timeout` after `signal`. */
export async function askStream(at: Resolver, query: Query, ways: Ways, signal: AbortSignal): Promise<DnsMessage> {
  const socket = await connected(at, ways, signal);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(query.bytes.length);
  socket.write(Buffer.concat([length, query.bytes]));
  return new Promise((resolve, reject) => {
    let came = Buffer.alloc(0);
    const end = (act: () => void): void => {
      signal.removeEventListener('abort', abort);
      socket.removeAllListeners('data').destroy();
      act();
    };
    const abort = (): void => end(() => reject(timeout()));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', (error) => end(() => reject(unreachable(error))));
    socket.once('close', () => end(() => reject(new DnsError('_dns_unreachable', 'the connection closed'))));
    socket.on('data', (chunk: Buffer) => {
      came = Buffer.concat([came, chunk]);
      if (came.length < 2 || came.length < 2 + came.readUInt16BE()) return;
      const reply = query.reply(came.subarray(2, 2 + came.readUInt16BE()), true, false);
      end(() => (reply === null ? reject(stranger()) : resolve(reply)));
    });
    // One that came through a proxy stands still until somebody listens.
    socket.resume();
    if (signal.aborted) abort();
  });
}

/** RFC 8484, by GET. Rejects as `askStream`. */
export async function askHttps(at: Resolver, query: Query, ways: Ways, signal: AbortSignal): Promise<DnsMessage> {
  const socket = await connected(at, ways, signal);
  const session = connectHttp2(`https://${isIP(at.certified) === 6 ? `[${at.certified}]` : at.certified}`, {
    createConnection: () => socket,
  });
  return new Promise((resolve, reject) => {
    const end = (act: () => void): void => {
      signal.removeEventListener('abort', abort);
      session.destroy();
      act();
    };
    const abort = (): void => end(() => reject(timeout()));
    const fail = (error: Error): void => end(() => reject(unreachable(error)));
    signal.addEventListener('abort', abort, { once: true });
    session.once('error', fail);
    const stream = session.request({
      [constants.HTTP2_HEADER_PATH]: `${at.path}?dns=${query.bytes.toString('base64url')}`,
      accept: 'application/dns-message',
    });
    const chunks: Buffer[] = [];
    let size = 0;
    let isAnswer = false;
    stream.once('error', fail);
    stream.once('response', (headers) => {
      isAnswer = headers[':status'] === 200 && headers['content-type'] === 'application/dns-message';
    });
    stream.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > messageBytesMax) end(() => reject(stranger()));
    });
    stream.once('end', () => {
      const reply = isAnswer ? query.reply(Buffer.concat(chunks), true, false) : null;
      end(() => (reply === null ? reject(stranger()) : resolve(reply)));
    });
    if (signal.aborted) abort();
  });
}

/** A connection that stands, with TLS inside where the resolver has it. */
async function connected(at: Resolver, { proxy, secureContext }: Ways, signal: AbortSignal): Promise<Socket> {
  const { kind, host, port, certified } = at;
  const socket =
    proxy === null
      ? await ready(connect({ host, port, noDelay: true }), 'connect', signal)
      : await proxied(proxy, at, signal);
  if (kind === 'udp' || kind === 'tcp') return socket;
  const secure = connectTls({
    socket,
    minVersion: 'TLSv1.2',
    ...(kind === 'https' ? { ALPNProtocols: ['h2'] } : {}),
    ...(secureContext === undefined ? {} : { secureContext }),
    // What the certificate must be for; an address is never sent ahead (RFC 6066 section 3).
    host: certified,
    ...(isIP(certified) === 0 ? { servername: certified } : {}),
  });
  return ready(secure, 'secureConnect', signal);
}

/** Waits for the event that says that it stands. */
function ready<T extends Socket>(socket: T, event: string, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      signal.removeEventListener('abort', abort);
      socket.off('error', fail);
    };
    const fail = (error: Error): void => {
      stop();
      socket.on('error', () => {}).destroy();
      reject(unreachable(error));
    };
    const abort = (): void => {
      stop();
      socket.on('error', () => {}).destroy();
      reject(timeout());
    };
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', fail);
    socket.once(event, () => {
      stop();
      resolve(socket);
    });
    if (signal.aborted) abort();
  });
}

/** Ways of questions are shared with no circuit. */
async function proxied(proxy: Proxy, { host, port }: Resolver, signal: AbortSignal): Promise<Socket> {
  try {
    return await throughProxy(proxy, { host, port }, 'dns', signal);
  } catch (error) {
    throw signal.aborted ? timeout() : unreachable(error as Error);
  }
}
