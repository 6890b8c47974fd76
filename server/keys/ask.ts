/** Asking a key server over TLS: keys and statements looked up, and keys brought. docs/spec/key-server.md#requests */
import { request, type RequestOptions } from 'node:https';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { parseArmour, renderArmour } from '../../pki/armour.ts';
import type { Endpoint, Resolver } from '../transport/resolve.ts';
import { type Proxy, throughProxy } from '../transport/socks.ts';
import { KeyServerError } from './errors.ts';
import { OP_DEVICES } from './requests.ts';

/** How long an answer may take, and how long it may be: a list of keys or one key as text. */
const ANSWER_MS_MAX = 10_000;
const ANSWER_BYTES_MAX = 262_144;

/** How it is reached, where that is not for the system to say. */
export interface Way {
  /** Through which everything goes; no address is asked for then. */
  readonly proxy: Proxy | null;
  readonly resolver: Pick<Resolver, 'addresses'>;
  /** Authorities that certificates are looked at by, PEM; those of Node.js where it is left out. */
  readonly authorities?: readonly string[];
}

/**
 * Fingerprints of an address' keys, 40 lower-case hex digits, the newest first; none where it has none. Whose server it is
 * is not checked: keys prove themselves. Rejects with KeyServerError `_keys_unreachable`, `_keys_refused`.
 */
export async function fingerprintsOf(at: Endpoint, address: string, way?: Way): Promise<string[]> {
  const path = `/pks/lookup?op=index&options=mr&search=${encodeURIComponent(address)}`;
  const answer = await ask(at, path, { way });
  if (answer.status === 404) return [];
  return [...insist(answer).matchAll(/^pub:([0-9A-F]{40}):/gm)].map(([, digits]) => digits!.toLowerCase());
}

/** A key as it is on that ring, not checked; null: it is not there. Rejects as `fingerprintsOf`, and with PkiError for what is no key. */
export async function keyAt(at: Endpoint, fingerprint: string, way?: Way): Promise<Uint8Array | null> {
  const answer = await ask(at, `/pks/lookup?op=get&options=mr&search=0x${fingerprint}`, { way });
  return answer.status === 404 ? null : parseArmour(insist(answer));
}

/** The newest statement of devices that is known there of an address' owner, not checked; null: none is. Rejects as `fingerprintsOf`. */
export async function devicesAt(at: Endpoint, address: string, way?: Way): Promise<Uint8Array | null> {
  const { status, body } = await ask(at, `/pks/lookup?op=${OP_DEVICES}&search=${encodeURIComponent(address)}`, { way });
  // Other servers know of no such thing.
  return status === 200 ? body : null;
}

/** Brings a key; resolves when it is durable there. Rejects as `fingerprintsOf`. */
export async function bringKey(at: Endpoint, key: Uint8Array, way?: Way): Promise<void> {
  const form = `keytext=${encodeURIComponent(renderArmour('public', key))}`;
  insist(await ask(at, '/pks/add', { form, way }));
}

/** What was answered over HTTP, and the certificate of whoever answered, which nobody has insisted on. */
export interface KeyAnswer {
  readonly status: number;
  readonly body: Buffer;
  /** Why it is not one that everybody takes, as OpenSSL or Node.js says it; null: it is. */
  readonly fault: string | null;
  /** When it ends, Unix milliseconds. */
  readonly endsMs: number;
}

/** The text of an answer; throws KeyServerError `_keys_refused` where it is none that was asked for. */
export function insist({ status, body }: Pick<KeyAnswer, 'status' | 'body'>): string {
  const text = body.toString('utf8');
  if (status !== 200) throw new KeyServerError('_keys_refused', `the key server answers ${status}: ${text.trim()}`);
  return text;
}

/** Asks for a path. Rejects with KeyServerError `_keys_unreachable`. */
export const getAt = (at: Endpoint, path: string, way: Way): Promise<KeyAnswer> => ask(at, path, { way });

interface Asking {
  readonly way?: Way | undefined;
  readonly form?: string;
}

async function ask(at: Endpoint, path: string, { way, form }: Asking): Promise<KeyAnswer> {
  const { host, port } = at;
  const failed = (error: Error): KeyServerError =>
    new KeyServerError('_keys_unreachable', `no key server at ${host}, port ${port}: ${error.message}`);
  const signal = AbortSignal.timeout(ANSWER_MS_MAX);
  const method = form === undefined ? 'GET' : 'POST';
  const options: RequestOptions = { host, port, path, method, signal, agent: false, rejectUnauthorized: false };
  try {
    return await answered(way === undefined ? options : await overWay(options, at, way, signal), form);
  } catch (error) {
    throw failed(error as Error);
  }
}

function answered(options: RequestOptions, form: string | undefined): Promise<KeyAnswer> {
  return new Promise((resolve, reject) => {
    const asked = request(options, (response) => {
      const chunks: Buffer[] = [];
      let bytes = 0;
      const socket = response.socket as TLSSocket;
      // As it was when the answer began: a socket that has ended tells of none.
      const endsMs = Date.parse(socket.getPeerX509Certificate()?.validTo ?? '');
      const fault = socket.authorized ? null : String(socket.authorizationError);
      response.on('data', (chunk: Buffer) => {
        chunks.push(chunk);
        bytes += chunk.length;
        if (bytes > ANSWER_BYTES_MAX) response.destroy(new Error('its answer is too long'));
      });
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks), fault, endsMs }),
      );
      response.on('error', reject);
    });
    asked.on('error', reject);
    asked.end(form);
  });
}

async function overWay(options: RequestOptions, at: Endpoint, way: Way, signal: AbortSignal): Promise<RequestOptions> {
  const { agent: _, ...rest } = options;
  const { authorities } = way;
  const socket = await socketTo(at, way, signal);
  const named = isIP(at.host) === 0 ? { servername: at.host } : {};
  const trusted = authorities === undefined ? {} : { ca: [...authorities] };
  const secure = connectTls({
    socket,
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...named,
    ...trusted,
  });
  return { ...rest, createConnection: () => secure };
}

/** Through the proxy, which is given the name; or to the first of its addresses that takes it. */
async function socketTo({ host, port }: Endpoint, { proxy, resolver }: Way, signal: AbortSignal): Promise<Socket> {
  if (proxy !== null) return throughProxy(proxy, { host, port }, host, signal);
  const addresses = isIP(host) === 0 ? await resolver.addresses(host) : [{ address: host }];
  let last: unknown = new Error('it has no address');
  for (const { address } of addresses) {
    try {
      return await connected(address, port, signal);
    } catch (error) {
      last = error;
    }
    if (signal.aborted) break;
  }
  throw last;
}

function connected(host: string, port: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host, port });
    const abort = (): void => void socket.destroy(new Error('no answer in time'));
    signal.addEventListener('abort', abort, { once: true });
    socket.once('error', reject);
    socket.once('connect', () => {
      socket.off('error', reject);
      signal.removeEventListener('abort', abort);
      resolve(socket);
    });
  });
}
