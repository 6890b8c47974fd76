/** The key server's answers over HTTP, at whatever port they are asked for. docs/spec/key-server.md#requests */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from 'pino';
import { renderArmour } from '../../pki/armour.ts';
import { PkiError } from '../../pki/error.ts';
import type { RingKey } from '../../pki/ring.ts';
import { onlyAddress, renderIndex, type RingSearch } from '../../pki/hkp.ts';
import { joinBytes } from '../../crypto/bytes.ts';
import { placeOf } from '../transport/admission.ts';
import type { Timers } from '../transport/timers.ts';
import { type KeyServerCode, KeyServerError } from './errors.ts';
import type { KeyServerLimits } from './limits.ts';
import { Rates } from './rates.ts';
import { type KeyRequest, readRequest } from './requests.ts';
import type { Ring } from './ring.ts';

/** What it works with. */
export interface KeyHttpOptions {
  readonly domain: string;
  readonly ring: Ring;
  readonly limits: KeyServerLimits;
  readonly timers: Timers;
  readonly log: Logger;
  /** Told of what was sent of the key of a person who lives here. */
  readonly amended: (person: string, key: RingKey) => void;
  /** The same of another domain's key. */
  readonly domainAmended: (domain: string) => void;
}

const TEXT = 'text/plain; charset=utf-8';
const KEYS = 'application/pgp-keys; charset=utf-8';

const statuses: Readonly<Partial<Record<KeyServerCode, number>>> = {
  _keys_invalid_request: 400,
  _keys_unsupported: 501,
  _keys_unknown: 404,
  _keys_oversized_request: 413,
  _keys_excessive_requests: 429,
  _keys_excessive_keys: 422,
  _keys_busy: 503,
  _keys_unavailable: 503,
};

/** Answers requests, or leaves them to others. */
export class KeyHttp {
  readonly #options: KeyHttpOptions;
  readonly #adds: Rates;
  readonly #lookups: Rates;

  constructor(options: KeyHttpOptions) {
    const { addsMax, addMs, lookupsMax, lookupMs, placesMax } = options.limits;
    this.#options = options;
    this.#adds = new Rates(addsMax, addMs, placesMax);
    this.#lookups = new Rates(lookupsMax, lookupMs, placesMax);
  }

  /** Whether it is a key server's to answer; then it does. What was asked for is in no log. */
  take(request: IncomingMessage, response: ServerResponse): boolean {
    let asked: KeyRequest | null;
    try {
      asked = readRequest(request.method ?? '', request.url ?? '', this.#options.domain);
    } catch (error) {
      this.#refuse(request, response, error);
      return true;
    }
    if (asked === null) return false;
    void this.#answer(asked, request, response).catch((error: unknown) => this.#refuse(request, response, error));
    return true;
  }

  async #answer(asked: KeyRequest, request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#count(asked.kind === 'add' ? this.#adds : this.#lookups, request, response);
    switch (asked.kind) {
      case 'add':
        await this.#add(request, response);
        break;
      case 'policy':
        this.#end(request, response, 200, TEXT, '');
        break;
      case 'get':
        this.#end(
          request,
          response,
          200,
          KEYS,
          renderArmour('public', joinBytes(...(await this.#found(asked.search)))),
        );
        break;
      case 'devices': {
        const statement = await this.#options.ring.statementOf(asked.address);
        if (statement === null) throw new KeyServerError('_keys_unknown', 'nobody of that address is known here');
        this.#end(request, response, 200, TEXT, statement);
        break;
      }
      case 'index':
        this.#end(request, response, 200, TEXT, renderIndex(await this.#found(asked.search)));
        break;
      case 'directory': {
        const keys = await this.#inDirectory(asked);
        this.#end(request, response, 200, 'application/octet-stream', joinBytes(...keys));
        break;
      }
    }
  }

  #count(rates: Rates, { socket }: IncomingMessage, response: ServerResponse): void {
    const waitMs = rates.take(placeOf(socket.remoteAddress ?? ''), this.#options.timers.nowMs());
    if (waitMs === 0) return;
    response.setHeader('Retry-After', Math.ceil(waitMs / 1000));
    throw new KeyServerError('_keys_excessive_requests', 'too often: wait a while');
  }

  async #found(search: RingSearch): Promise<Uint8Array[]> {
    const { ring } = this.#options;
    const keys =
      'fingerprint' in search ? [await ring.byFingerprint(search.fingerprint)] : await ring.byAddress(search.address);
    const found = keys.filter((key) => key !== null);
    if (found.length === 0) throw new KeyServerError('_keys_unknown', 'no such key is on this ring');
    return found;
  }

  async #inDirectory({ name, local }: KeyRequest & { kind: 'directory' }): Promise<Uint8Array[]> {
    const { ring, domain } = this.#options;
    const address = local === null ? await ring.addressInDirectory(name) : `${local.toLowerCase()}@${domain}`;
    if (address === null) throw new KeyServerError('_keys_unknown', 'no such name is in this directory');
    return (await this.#found({ address })).map((key) => onlyAddress(key, address));
  }

  async #add(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const key = await this.#options.ring.add(await bodyOf(request, this.#options.limits.formBytesMax));
    const { fingerprint } = key;
    for (const person of key.persons) this.#options.amended(person, key);
    const domains = (key.isNews ? key.addresses : []).flatMap((address) => /^p3do@(.+)$/.exec(address)?.[1] ?? []);
    for (const domain of domains) if (domain !== this.#options.domain) this.#options.domainAmended(domain);
    this.#options.log.debug({ fingerprint }, 'key added');
    this.#end(request, response, 200, TEXT, `${fingerprint}\n`);
  }

  #refuse(request: IncomingMessage, response: ServerResponse, error: unknown): void {
    // Who has gone hears nothing.
    if (response.destroyed || response.headersSent) return;
    if (error instanceof PkiError) this.#end(request, response, 422, TEXT, `${error.code}: ${error.message}\n`);
    else if (error instanceof KeyServerError) {
      this.#end(request, response, statuses[error.code] ?? 500, TEXT, `${error.code}: ${error.message}\n`);
    } else {
      this.#options.log.error({ reason: String(error) }, 'the key server failed');
      this.#end(request, response, 500, TEXT, '');
    }
  }

  #end(
    request: IncomingMessage,
    response: ServerResponse,
    status: number,
    type: string,
    body: string | Uint8Array,
  ): void {
    response.writeHead(status, {
      Connection: 'close',
      'Content-Type': type,
      'Content-Length': Buffer.byteLength(body),
      ...(request.method === 'POST' ? {} : { 'Access-Control-Allow-Origin': '*' }),
    });
    response.end(request.method === 'HEAD' ? undefined : body);
  }
}

/** Rejects with KeyServerError `_keys_oversized_request` as soon as that is known, and reads no further. */
async function bodyOf(request: IncomingMessage, bytesMax: number): Promise<Uint8Array> {
  const oversized = (): KeyServerError =>
    new KeyServerError('_keys_oversized_request', `a form has at most ${bytesMax} bytes`);
  if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw oversized();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw oversized();
    chunks.push(chunk);
  }
  return joinBytes(...chunks);
}
