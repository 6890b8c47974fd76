/** The port for proxies that end TLS, as a configuration says. docs/spec/transport.md#behind-a-proxy */
import type { Config } from '../config/config.ts';
import { peerAddress } from '../config/address.ts';
import { WebListener, type WebListenOptions } from './web-listen.ts';

/** Rejects as `WebListener.open`. */
export function openWeb(
  web: NonNullable<Config['web']>,
  shared: Omit<WebListenOptions, 'hosts' | 'port' | 'isProxy'>,
): Promise<WebListener> {
  const proxies = new Set(web.proxies.map(peerAddress));
  return WebListener.open({ ...web, isProxy: (address) => proxies.has(peerAddress(address)), ...shared });
}
