/** Through which proxy a person's commands go: as said, else P3DO_PROXY, else as it was said at registration. docs/spec/people.md#profile */
import { InvalidArgumentError, Option } from 'commander';
import { parseProxy, renderEndpoint } from '../../server/config/address.ts';
import { ownWays, type Proxy } from '../../server/transport/socks.ts';

/** How to say that there is none. */
const NONE = 'none';

/** `--proxy`: `socks5://address:port`, or '' for none. */
export const proxyOption = (description: string): Option =>
  new Option('--proxy <socks5://address:port>', description).env('P3DO_PROXY').argParser((text) => {
    if (text === NONE) return '';
    const endpoint = parseProxy(text);
    if (endpoint !== null) return `socks5://${renderEndpoint(endpoint)}`;
    throw new InvalidArgumentError(`It takes a SOCKS5 proxy by its address, as socks5://127.0.0.1:9050, or ${NONE}.`);
  });

/** The proxy to go through; null: none. `said`: as the option gives it; `kept`: as it was said at registration. */
export function proxyFor(said: string | undefined, kept: string | null): Proxy | null {
  // No other command shares this one's ways.
  return ownWays(parseProxy(said ?? kept ?? ''));
}
