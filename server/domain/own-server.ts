/** Where a domain's own server is reached on this machine. docs/operating.md#serving */
import type { Config } from '../config/config.ts';
import type { Endpoint } from '../transport/resolve.ts';

/** What listens everywhere is on the loopback too. */
export function ownServer({ listen: { hosts, port } }: Pick<Config, 'listen'>): Endpoint {
  const [host = '::'] = hosts;
  const loopback: Readonly<Record<string, string>> = { '::': 'localhost', '0.0.0.0': '127.0.0.1' };
  return { host: loopback[host] ?? host, port };
}
