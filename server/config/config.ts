/** A domain's configuration as the server uses it: whole, paths absolute. docs/operating.md#configuration */
import type { PageScope } from '../../federation/admin-questions.ts';
import type { MailAddress } from '../../services/mail/address.ts';
import type { Resolver } from '../dns/resolver.ts';
import { isLoopback } from './address.ts';
import type { logLevels } from './schema.ts';
import type { Endpoint } from '../transport/resolve.ts';

/** Where the rows are. `embedded`: a PostgreSQL of our own; `programs` is the folder to look for it first. */
export type StoreChoice =
  | { readonly kind: 'embedded'; readonly folder: string; readonly programs: string | undefined }
  | { readonly kind: 'database'; readonly url: string; readonly from: 'config.json' | 'DATABASE_URL' }
  | { readonly kind: 'memory' };

/** What is known of another domain beforehand. */
export type ConfiguredPeer = {
  /** Where it is; null: asked of the DNS. */
  readonly at: Endpoint | null;
  /** Of its domain key, 40 lower-case hex digits; null: whoever proves to be it at first. */
  readonly fingerprint: string | null;
};

/** Where a plain peer comes from, and is reached. */
interface PlainPeerConfig {
  readonly addresses: readonly string[];
  readonly port: number;
}

/** What is spoken without TLS. */
export interface PlainConfig {
  readonly hosts: readonly string[];
  readonly port: number;
  readonly peers: ReadonlyMap<string, PlainPeerConfig>;
}

/** How the DNS is asked. */
export interface DnsConfig {
  /** Who is asked, in this order; null: the system's resolvers, and for addresses all that the system knows. */
  readonly resolvers: readonly Resolver[] | null;
  /** PEM file with certificates of authorities that resolvers may have theirs from, besides those of the system. */
  readonly authority: string | null;
  /** URIs of key servers that the domain's record names. */
  readonly keyServers: readonly string[];
  /** Where the server puts the record itself, `key` the file with the TSIG key; null: somebody pastes it. */
  readonly update: { readonly server: Endpoint; readonly zone: string; readonly key: string } | null;
  /** Where the server answers for the record itself; null: it does not. */
  readonly responder: ResponderConfig | null;
}

/** The name `_p3do.DOMAIN` as a zone of its own. */
interface ResponderConfig {
  readonly hosts: readonly string[];
  readonly port: number;
  /** This server's name in the zone above. */
  readonly nameServer: string;
}

/** The mail gateway. */
interface MailConfig {
  /** That mail comes from and replies go to, with a letter's name in it. */
  readonly address: MailAddress;
  /** Who takes mail from here. */
  readonly relay: Endpoint;
  /** Domains that are written to, `*` for all; and addresses and domains that never are. */
  readonly to: readonly string[];
  readonly never: readonly string[];
  /** Where replies are listened for. */
  readonly hosts: readonly string[];
  readonly port: number;
  readonly workBits: number;
  readonly lettersPerDay: number;
  readonly lettersPerAddress: number;
}

/** One domain. */
export type Config = {
  /** The file, and its folder: the domain's. */
  readonly file: string;
  readonly folder: string;
  readonly domain: string;
  readonly listen: { readonly hosts: readonly string[]; readonly port: number };
  /** PEM files that were read and fit; null: a certificate of its own is made at start. */
  readonly tls: { readonly certificate: string; readonly key: string } | null;
  readonly store: StoreChoice;
  readonly peers: ReadonlyMap<string, ConfiguredPeer>;
  /** Peers without TLS, by host, and where they are listened for; null: nobody is. */
  readonly plain: PlainConfig | null;
  readonly dns: DnsConfig;
  /** Its part in the flood of cells: domains that circuits are held to, frames a second on each link; null: none. */
  readonly mor: {
    readonly links: readonly string[];
    readonly framesPerSecond: number;
    readonly servers: number;
    readonly contexts: readonly {
      readonly name: string;
      readonly members: readonly string[];
      readonly framesPerSecond: number;
      readonly servers: number;
    }[];
  } | null;
  /** Boxes that it keeps, and how much work one takes; null: it keeps none. */
  readonly pigeonhole: { readonly boxes: number; readonly workBits: number } | null;
  /** Values that it keeps at addresses, and how much work one takes; null: it keeps none. */
  readonly mailbox: { readonly values: number; readonly workBits: number } | null;
  /** Letters that it sends as mail for nobody; null: none. */
  readonly mail: MailConfig | null;
  /** Whose pages are shown to readers without a client. */
  readonly pages: PageScope;
  /** The SOCKS5 proxy through which other domains are reached; null: directly. */
  readonly proxy: Endpoint | null;
  /** Where proxies that end TLS bring browsers; null: nowhere. */
  readonly web: {
    readonly hosts: readonly string[];
    readonly port: number;
    readonly proxies: readonly string[];
  } | null;
  /** Fingerprint of the recovery key, 40 lower-case hex digits. */
  readonly recovery: string | null;
  readonly registration: 'invited' | 'open';
  /** Where keys are looked up beside `listen.port`: without TLS, and with it on one port more or null; null: nowhere. */
  readonly keys: { readonly hosts: readonly string[]; readonly port: number; readonly tlsPort: number | null } | null;
  /** What the constants of continuity are divided by. */
  readonly policy: { readonly timeScale: number };
  /** Origins of the web pages that may log in. */
  readonly origins: readonly string[];
  readonly log: { readonly level: (typeof logLevels)[number] };
  readonly limits: { readonly connections: number; readonly connectionsPerAddress: number };
};

/** What is allowed and probably not meant: for the log at every start, one sentence each. */
export function warningsOf({ store, registration, listen, plain, web, policy }: Config): string[] {
  const reached = listen.hosts.filter((host) => !isLoopback(host));
  const open = (web?.hosts ?? []).filter((host) => !isLoopback(host));
  const named = [...(plain?.peers.keys() ?? [])];
  return [
    ...(web === null
      ? []
      : [
          `web: through a proxy that ends TLS only browsers can log in; other servers and p3do's own commands must reach port ${listen.port} itself`,
        ]),
    ...(open.length > 0
      ? [
          `web.hosts: ${open.join(', ')} can be reached from elsewhere, without TLS; let the proxy come over the loopback`,
        ]
      : []),
    ...(named.length > 0
      ? [
          `plain.peers: what goes to and from ${named.join(', ')} is neither encrypted nor signed: whoever is on the way reads it, and can change it`,
        ]
      : []),
    ...(policy.timeScale === 1
      ? []
      : [
          `policy.timeScale: every time by which keys are trusted is ${policy.timeScale} times shorter; for trials on this machine only`,
        ]),
    ...(store.kind === 'memory'
      ? ['store.memory: NOTHING IS KEPT: all messages, members and names are forgotten when the server stops']
      : []),
    ...(registration === 'open' && reached.length > 0
      ? [`registration is open, and ${reached.join(', ')} can be reached from elsewhere: anybody may take a name`]
      : []),
  ];
}
