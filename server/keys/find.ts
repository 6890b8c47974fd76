/** Somebody's keys, wherever there are any: on our own ring, where his domain's DNS points, at other domains' key servers. docs/spec/key-server.md#finding */
import type { Logger } from 'pino';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import { PkiError } from '../../pki/error.ts';
import type { Sought, SoughtKeys } from '../node/notary.ts';
import { TransportError } from '../transport/errors.ts';
import { type Endpoint, endpointsOf, type Finding, isOnion } from '../transport/resolve.ts';
import type { Proxy } from '../transport/socks.ts';
import { devicesAt, fingerprintsOf, keyAt, type Way } from './ask.ts';
import { asTheyCome } from './as-they-come.ts';
import { KeyServerError } from './errors.ts';
import { keyServerLimits } from './limits.ts';
import type { KeyServer } from './server.ts';

/** RFC 2818: of `https` and `hkps` both, where a record names no port. */
const PORT = 443;

/** What it looks with. */
export interface FinderOptions {
  readonly keys: Pick<KeyServer, 'copiesOf'>;
  /** What the DNS says of a domain's key; never rejects. */
  readonly lookUp: (domain: string) => Promise<DnsStatement>;
  /** Where domains' servers are. */
  readonly finding: Finding;
  readonly proxy: Proxy | null;
  readonly log: Logger;
}

/** One domain's. */
export class KeyFinder {
  readonly #options: FinderOptions;

  constructor(options: FinderOptions) {
    this.#options = options;
  }

  /** Our own ring first, then others, `askedAtOnceMax` at a time and as they answer, as long as somebody wants more; nothing is checked. Who cannot be asked is passed over. Never rejects for what others do. */
  async *copies({ address, fingerprint, servers, isNear = false }: Sought): AsyncGenerator<SoughtKeys> {
    yield* await this.#options.keys.copiesOf(address, fingerprint);
    if (isNear) return;
    const home = address.slice(address.lastIndexOf('@') + 1);
    const pointed = async (): Promise<SoughtKeys[]> => {
      const all: SoughtKeys[] = [];
      for (const at of await this.#pointers(home)) all.push(...(await this.#askedOf(at, address, fingerprint)));
      return all;
    };
    const linked = servers.map((domain) => async (): Promise<SoughtKeys[]> => {
      const [at] = await endpointsOf(domain, this.#options.finding, 1).catch(() => []);
      return at === undefined ? [] : this.#askedOf(at, address, fingerprint);
    });
    yield* asTheyCome([pointed, ...linked], keyServerLimits.askedAtOnceMax);
  }

  /** The key servers that a domain's record names. */
  async #pointers(domain: string): Promise<Endpoint[]> {
    const statement = await this.#options.lookUp(domain);
    return statement.kind === 'record' ? statement.ks.map(pointedAt) : [];
  }

  async #askedOf(at: Endpoint, address: string, fingerprint: string | null): Promise<SoughtKeys[]> {
    const { finding, proxy, log } = this.#options;
    const way: Way = { proxy, resolver: finding.resolver };
    // Without a proxy nobody is asked for a name of Tor's.
    if (proxy === null && isOnion(at.host)) return [];
    try {
      const [newest = null] = fingerprint === null ? await fingerprintsOf(at, address, way) : [fingerprint];
      const key = newest === null ? null : await keyAt(at, newest, way);
      return key === null ? [] : [{ key, statement: await devicesAt(at, address, way) }];
    } catch (error) {
      if (!(error instanceof KeyServerError || error instanceof PkiError || error instanceof TransportError))
        throw error;
      log.debug({ code: error.code }, 'a key server that does not help');
      return [];
    }
  }
}

/** Where a key server is that a record names: both schemes are asked alike. */
export function pointedAt(uri: string): Endpoint {
  const { hostname, port } = new URL(uri.replace(/^hkps:/, 'https:'));
  return { host: hostname, port: port === '' ? PORT : Number(port) };
}
