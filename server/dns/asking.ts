/** What a server asks the DNS with, as its configuration says: of a domain's key, and of where its server is. docs/spec/dns.md#resolvers */
import { readFile } from 'node:fs/promises';
import { createSecureContext, rootCertificates } from 'node:tls';
import type { DnsConfig } from '../config/config.ts';
import type { Address, Resolver as Finder, Service } from '../transport/resolve.ts';
import type { Proxy } from '../transport/socks.ts';
import { systemTimers } from '../transport/timers.ts';
import { Asker, type Heard } from './ask.ts';
import { DnsError } from './errors.ts';
import { KeyLookUp } from './look-up.ts';
import type { DnsRecord } from './message.ts';
import type { Asked } from './question.ts';
import { type Resolver, systemResolvers } from './resolver.ts';

/** Both kinds of questions. */
export interface Asking {
  readonly resolvers: readonly Resolver[];
  readonly asker: Asker;
  readonly keys: KeyLookUp;
  /** SRV records and addresses; null: the system's own are asked for these. */
  readonly finder: Finder | null;
}

/**
 * Without resolvers in the configuration, the system's. Behind a proxy those are not asked: they know nothing of it. Throws
 * the system's error where the file with authorities cannot be read.
 */
export async function askingOf(dns: DnsConfig, proxy: Proxy | null): Promise<Asking> {
  const own = dns.authority === null ? undefined : await readFile(dns.authority, 'utf8');
  const secureContext = own === undefined ? undefined : createSecureContext({ ca: [...rootCertificates, own] });
  const asker = new Asker({ proxy, secureContext }, systemTimers);
  const resolvers = dns.resolvers ?? (proxy === null ? systemResolvers() : []);
  const keys = new KeyLookUp(asker, resolvers, () => Math.floor(Date.now() / 1000));
  return { resolvers, asker, keys, finder: dns.resolvers === null ? null : finderOf(asker, resolvers) };
}

const LOOPBACK: readonly Address[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
];

/** What `transport/resolve.ts` asks, at these resolvers. */
export function finderOf(asker: Asker, resolvers: readonly Resolver[]): Finder {
  const ask = async (name: string, type: Asked): Promise<readonly DnsRecord[]> => {
    let last: unknown;
    for (const resolver of resolvers) {
      try {
        return recordsOf(await asker.ask(resolver, name, type));
      } catch (error) {
        last = error;
      }
    }
    throw last;
  };
  return {
    services: async (name) => (await ask(name, 'SRV')).map(serviceOf),
    addresses: async (host) => {
      // RFC 6761 section 6.3: nobody is asked for these.
      if (/(?:^|\.)localhost$/.test(host)) return LOOPBACK;
      const [six, four] = await Promise.allSettled([ask(host, 'AAAA'), ask(host, 'A')]);
      const found = [six, four].flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
      if (found.length > 0) return found.flatMap(addressOf);
      throw four.status === 'rejected' ? four.reason : new DnsError('_dns_failed', `${host} has no address`);
    },
  };
}

function recordsOf(heard: Heard): readonly DnsRecord[] {
  if (heard.kind === 'records') return heard.records;
  throw new DnsError('_dns_failed', 'the answer does not validate');
}

/** RFC 2782. A target that is no name of ours is one that is never found. */
function serviceOf({ data, target }: DnsRecord): Service {
  const bytes = Buffer.from(data);
  const [priority, weight, port] = [bytes.readUInt16BE(0), bytes.readUInt16BE(2), bytes.readUInt16BE(4)];
  return { name: target ?? 'invalid', priority, weight, port };
}

function addressOf({ data }: DnsRecord): Address[] {
  if (data.length === 4) return [{ address: data.join('.'), family: 4 }];
  if (data.length !== 16) return [];
  const words = Array.from({ length: 8 }, (_, at) => ((data[2 * at]! << 8) | data[2 * at + 1]!).toString(16));
  return [{ address: words.join(':'), family: 6 }];
}
