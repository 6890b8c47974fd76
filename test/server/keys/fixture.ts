/** A domain that the real command serves with its key server, and what to ask it. */
import { request } from 'node:http';
import type { Undoing } from '../../undoing.ts';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { freeEndpoint, Served, type ServedOptions } from '../served.ts';

/** A domain and where its keys are looked up without TLS. */
export type KeyDomain = { readonly served: Served; readonly keys: Endpoint };

/** Begins a life of a new domain, and resolves when it is up. */
export async function serveKeys(undoing: Undoing, domain: string, options: ServedOptions = {}): Promise<KeyDomain> {
  const [endpoint, { port }] = await Promise.all([freeEndpoint(), freeEndpoint()]);
  const keys = { host: endpoint.host, port };
  const config = { keys: { hosts: [keys.host], port }, ...options.config };
  const served = await Served.make(undoing, domain, { memory: true, endpoint, ...options, config });
  served.start();
  await served.ready;
  return { served, keys };
}

/** An answer over HTTP. */
export type Answer = { status: number; headers: Record<string, unknown>; body: string };

/** Asks once; `form` makes it a POST, `from` is the address that it comes from. Rejects when the connection breaks. */
export function ask(
  { host, port }: Endpoint,
  path: string,
  {
    form,
    method,
    from,
    headers,
  }: { form?: string | Uint8Array; method?: string; from?: string; headers?: Record<string, string> } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host,
        port,
        path,
        method: method ?? (form === undefined ? 'GET' : 'POST'),
        localAddress: from,
        agent: false,
        headers,
      },
      (response) => {
        let body = '';
        response.setEncoding('latin1').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode!, headers: response.headers, body }));
        response.on('error', reject);
      },
    );
    asked.on('error', reject);
    asked.end(form);
  });
}

/** A form that brings a key as text. */
export const formOf = (armour: string): string => `keytext=${encodeURIComponent(armour)}`;
