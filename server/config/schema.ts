/** The keys of config.json, what each may say, and what it means when it is not there. docs/operating.md#configuration */
import { isIP } from 'node:net';
import { z } from 'zod';
import { dnsRecordLimits } from '../../pki/dns-limits.ts';
import { isKeyServer } from '../../pki/dns-record.ts';
import { plainLimits } from '../../federation/plain/plain-limits.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { isDomain } from '../../psyc/names.ts';
import { isGatewayAddress, parseMailAddress } from '../../services/mail/address.ts';
import { mailLimits } from '../../services/mail/limits.ts';
import { mailboxLimits } from '../../services/mailbox/limits.ts';
import { pigeonholeLimits } from '../../services/pigeonhole/limits.ts';
import { transportLimits } from '../transport/limits.ts';
import { DEFAULT_PORT, HKP_PORT, PLAIN_PORT, WEB_PORT } from '../transport/tls.ts';
import { dnsLimits } from '../dns/limits.ts';
import { parseResolver } from '../dns/resolver.ts';
import { parseEndpoint, parseProxy } from './address.ts';
import { isDatabaseUrl } from './database-url.ts';
import type { Step } from './json.ts';
import { configLimits } from './limits.ts';

const { hostsMax, originsMax, portMax, connectionsMax, timeScaleMax, framesMax, mailDomainsMax, mailNeverMax } =
  configLimits;
const { linksMax: morLinksMax, contextsMax: morContextsMax, stationsMax, linkMsMean } = listenerLimits;
/** Of a link, a second. */
const frames = 1000 / linkMsMean;

/** pino's. */
export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

const DNS_PORT = 53;
const MAIL_PORT = 25;

// The message of every check is what is allowed: what was found stands before it when people read it.
function text(allowed: string, isRight: (value: string) => boolean) {
  return z.string(allowed).refine(isRight, allowed);
}

function whole(min: number, max: number) {
  const allowed = `a whole number from ${min} to ${max}`;
  return z.int(allowed).min(min, allowed).max(max, allowed);
}

function list<T extends z.ZodType>(item: T, min: number, max: number) {
  const allowed = `a list of ${min} to ${max}`;
  return z.array(item, allowed).min(min, allowed).max(max, allowed);
}

function group<T extends z.ZodRawShape>(shape: T) {
  return z.strictObject(shape, `an object with keys of ${Object.keys(shape).join(', ')}`);
}

const path = text('a path', (value) => value !== '' && !value.includes('\0'));

/** A browser's Origin header (RFC 6454 section 6.2), letter for letter. */
function isOrigin(value: string): boolean {
  const url = URL.canParse(value) ? new URL(value) : null;
  return url !== null && /^https?:$/.test(url.protocol) && url.origin === value;
}

const listen = {
  hosts: list(
    text('an IPv4 or IPv6 address of this machine, or :: for all', (value) => isIP(value) !== 0),
    1,
    hostsMax,
  ).default(['::']),
  port: whole(0, portMax).default(DEFAULT_PORT),
};

const tls = { certificate: path, key: path };

const store = {
  folder: path.optional(),
  programs: path.optional(),
  url: text('a URL: postgres://user@host/database', isDatabaseUrl).optional(),
  memory: z.literal(true, 'true, or no such key').optional(),
};

const fingerprint = text("a domain key's fingerprint, 40 hexadecimal digits", (value) =>
  /^[0-9a-fA-F]{40}$/.test(value),
);

const peer = {
  at: text('host:port, as 192.0.2.1:9404, b.example:9404 or [2001:db8::1]:9404', (value) => {
    return parseEndpoint(value) !== null;
  }).optional(),
  fingerprint: fingerprint.optional(),
};

const address = text('an IPv4 or IPv6 address', (value) => isIP(value) !== 0);

const plainPeer = {
  addresses: list(address, 1, plainLimits.plainAddressesMax),
  port: whole(1, portMax).default(PLAIN_PORT),
};

const plain = {
  hosts: listen.hosts,
  port: whole(0, portMax).default(PLAIN_PORT),
  peers: z.record(z.string(), group(plainPeer), 'an object of hosts'),
};

const keys = {
  hosts: listen.hosts,
  port: whole(0, portMax).default(HKP_PORT),
  tlsPort: whole(0, portMax).optional(),
};

const web = {
  hosts: listen.hosts.removeDefault().default(['127.0.0.1']),
  port: whole(0, portMax).default(WEB_PORT),
  proxies: list(address, 1, hostsMax).default(['127.0.0.1', '::1']),
};

const update = {
  server: text(
    'host:port of the name server that has the zone, as 192.0.2.1:53',
    (value) => parseEndpoint(value) !== null,
  ),
  zone: text('the zone, a domain in lower case', isDomain).optional(),
  key: path,
};

const responder = {
  hosts: listen.hosts,
  port: whole(0, portMax).default(DNS_PORT),
  nameServer: text('the name of this server in the zone above, as ns.example.org', isDomain).optional(),
};

const dns = {
  resolvers: list(
    text(
      'a resolver by its address: udp://127.0.0.1, tcp://…, tls://192.0.2.1#name, https://192.0.2.1/dns-query#name',
      (value) => parseResolver(value) !== null,
    ),
    1,
    dnsLimits.resolversMax,
  ).optional(),
  authority: path.optional(),
  keyServers: list(
    text('a key server, as hkps://ks.example.org or https://ks.example.org/path', isKeyServer),
    0,
    dnsRecordLimits.keyServersMax,
  ).default([]),
  update: group(update).optional(),
  responder: group(responder).optional(),
};

const log = { level: z.enum(logLevels, `one of ${logLevels.join(', ')}`).default('info') };

const morContext = {
  name: text('1 to 16 of a-z and 0-9', (value) => /^[a-z0-9]{1,16}$/.test(value)),
  members: list(text('a domain in lower case', isDomain), 1, morLinksMax),
  framesPerSecond: whole(1, framesMax).default(frames),
  servers: whole(1, stationsMax).default(1),
};

const mor = {
  links: list(text('a domain in lower case', isDomain), 0, morLinksMax).default([]),
  framesPerSecond: whole(1, framesMax).default(frames),
  servers: whole(1, stationsMax).default(1),
  // The first is the one that has these links.
  contexts: list(group(morContext), 0, morContextsMax - 1).default([]),
};

const pigeonhole = {
  boxes: whole(1, pigeonholeLimits.boxesMax).default(pigeonholeLimits.boxesUsual),
  workBits: whole(1, pigeonholeLimits.makeBitsMax - pigeonholeLimits.makeBitsMore).default(
    pigeonholeLimits.makeBitsMin,
  ),
};

const mailbox = {
  values: whole(1, mailboxLimits.valuesMax).default(mailboxLimits.valuesUsual),
  workBits: whole(1, mailboxLimits.putBitsMax - mailboxLimits.putBitsMore).default(mailboxLimits.putBitsMin),
};

const mail = {
  address: text('an address as letters@mail.example.org, up to 31 characters before the @ and no +', isGatewayAddress),
  relay: text('host:port of a server that takes mail from this one, as 127.0.0.1:25', (value) => {
    return parseEndpoint(value) !== null;
  }),
  to: list(
    text('a domain in lower case, or * for all', (value) => value === '*' || isDomain(value)),
    1,
    mailDomainsMax,
  ),
  never: list(
    text('an address or a domain, in lower case', (value) => {
      return value === value.toLowerCase() && (isDomain(value) || parseMailAddress(value) !== null);
    }),
    0,
    mailNeverMax,
  ).default([]),
  hosts: listen.hosts,
  port: whole(0, portMax).default(MAIL_PORT),
  workBits: whole(1, mailLimits.workBitsMax).default(mailLimits.workBitsUsual),
  lettersPerDay: whole(1, mailLimits.lettersOfDayMax).default(mailLimits.lettersOfDayUsual),
  lettersPerAddress: whole(1, mailLimits.lettersOfDayMax).default(mailLimits.lettersToOneUsual),
};

const pages = {
  people: z.enum(['none', 'own', 'followed'], '"none", "own" or "followed"').default('own'),
  places: z.enum(['none', 'published'], '"none" or "published"').default('published'),
};

const policy = { timeScale: whole(1, timeScaleMax).default(1) };

const limits = {
  connections: whole(1, connectionsMax).default(transportLimits.connectionsMax),
  connectionsPerAddress: whole(1, connectionsMax).default(transportLimits.connectionsPerAddressMax),
};

const root = {
  domain: text('a domain in lower case (an international one as xn--…), or localhost', isDomain),
  listen: group(listen).prefault({}),
  tls: group(tls).optional(),
  store: group(store).prefault({}),
  peers: z.record(z.string(), group(peer), 'an object of domains').default({}),
  plain: group(plain).optional(),
  web: group(web).optional(),
  keys: group(keys).optional(),
  dns: group(dns).prefault({}),
  proxy: text(
    'a SOCKS5 proxy by its address, as socks5://127.0.0.1:9050',
    (value) => parseProxy(value) !== null,
  ).optional(),
  recovery: fingerprint.optional(),
  registration: z.enum(['invited', 'open'], '"invited" or "open"').default('invited'),
  origins: list(
    text('an origin as browsers send it: https://chat.example.org, without a path', isOrigin),
    0,
    originsMax,
  ).default([]),
  log: group(log).prefault({}),
  mor: group(mor).optional(),
  pigeonhole: group(pigeonhole).optional(),
  mailbox: group(mailbox).optional(),
  mail: group(mail).optional(),
  pages: group(pages).prefault({}),
  policy: group(policy).prefault({}),
  limits: group(limits).prefault({}),
};

/** The file; messages of its issues say what is allowed. */
export const configSchema = group(root);

/** What the schema gives, defaults filled in. */
export type RawConfig = z.output<typeof configSchema>;

/** The schema of one key at the top. */
export const topSchemas: Readonly<Record<keyof RawConfig, z.ZodType>> = root;

const groups = new Map<string, object>(
  Object.entries({
    listen,
    tls,
    store,
    plain,
    web,
    keys,
    dns,
    log,
    mor,
    pigeonhole,
    mailbox,
    mail,
    pages,
    policy,
    limits,
  }),
);

/** The keys that an object at this place may have. */
export function keysAt(steps: readonly Step[]): string[] {
  const [top, key] = steps;
  if (top === undefined) return Object.keys(root);
  if (top === 'plain' && key === 'peers') return Object.keys(plainPeer);
  if (top === 'dns' && key === 'update') return Object.keys(update);
  if (top === 'dns' && key === 'responder') return Object.keys(responder);
  if (top === 'mor' && key === 'contexts') return Object.keys(morContext);
  return Object.keys(top === 'peers' ? peer : (groups.get(String(top)) ?? {}));
}
