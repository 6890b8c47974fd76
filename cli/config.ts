/** `p3do config check`: every mistake in a domain's configuration, or what the server will use. docs/operating.md#configuration */
import type { Command } from 'commander';
import { renderEndpoint } from '../server/config/address.ts';
import {
  type Config,
  type ConfiguredPeer,
  type DnsConfig,
  type PlainConfig,
  type StoreChoice,
  warningsOf,
} from '../server/config/config.ts';
import { shownUrl } from '../server/config/database-url.ts';
import { ConfigError } from '../server/config/errors.ts';
import { readConfig } from '../server/config/read.ts';
import { renderResolver } from '../server/dns/resolver.ts';
import { readDomainKey } from '../server/domain/key-file.ts';
import { checkDomain } from '../server/domain/load.ts';
import { configFile } from '../server/domain/quickstart.ts';
import { readSuccessor, warningsOfNext } from '../server/domain/rotating.ts';
import type { Endpoint } from '../server/transport/resolve.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

type Options = Whose & { readonly json?: true };

/** The domain's key, and what is to become of it. */
interface OwnKeys {
  readonly fingerprint: string;
  readonly next: { readonly fingerprint: string; readonly at: string } | null;
}

/** Adds the subcommands of `p3do config`. */
export function register(command: Command): void {
  const check = command
    .command('check')
    .description('say every mistake, or what the server will use')
    .showHelpAfterError('See: p3do help config check');
  domainOptions(check)
    .argument('[file]', 'a config.json')
    .option('--json', 'a line of JSON: what will be used, or {"mistakes": […]} and then what every failure says')
    .addHelpText(
      'after',
      `
Reads the configuration as the server does, and looks at the files and folders that it names: certificate,
domain key, store. Every mistake is a line on standard error, with the line of the file, and the exit code
is then 1. DATABASE_URL in the environment outranks the file's store, here as there.

Examples:
  $ p3do config check --domain example.org
  $ p3do config check ./config.json`,
    )
    .action(async (file: string | undefined, options: Options) => {
      if (file !== undefined && (options.domain ?? options.folder) !== undefined) {
        check.error('a file and --domain or --folder exclude each other');
      }
      await checkFile(file ?? (await fileOf(await folderOf(check, options))), options.json === true);
    });
  command.addHelpText('after', '\nExamples:\n  $ p3do config check --domain example.org');
}

async function fileOf(folder: string): Promise<string> {
  await checkDomain(folder);
  return configFile(folder);
}

async function checkFile(file: string, isJson: boolean): Promise<void> {
  try {
    const config = await readConfig(file);
    const keys = await keysOf(config);
    const warnings = [...warningsOf(config), ...(await warningsOfNext(config.folder))];
    process.stdout.write(isJson ? `${JSON.stringify({ ...described(config, keys), warnings })}\n` : page(config, keys));
    if (isJson) return;
    for (const warning of warnings) process.stderr.write(`p3do: warning: ${warning}\n`);
  } catch (error) {
    if (isJson && error instanceof ConfigError)
      process.stdout.write(`${JSON.stringify({ config: error.file, mistakes: error.mistakes })}\n`);
    throw error;
  }
}

/** Throws DomainError `_domain_invalid_key`, as the server does. */
async function keysOf({ folder, domain, policy }: Config): Promise<OwnKeys> {
  const { fingerprint } = (await readDomainKey(folder, domain)).certificate.key;
  const next = await readSuccessor(folder, { domain, present: fingerprint, timeScale: policy.timeScale });
  if (next === null) return { fingerprint, next };
  const at = new Date(next.switchMs).toISOString();
  return { fingerprint, next: { fingerprint: next.key.certificate.key.fingerprint, at } };
}

const endpoints = ({ listen }: Config): string[] =>
  listen.hosts.map((host) => renderEndpoint({ host, port: listen.port }));

function described(config: Config, { fingerprint, next }: OwnKeys): object {
  const {
    file,
    domain,
    tls,
    store,
    peers,
    plain,
    dns,
    proxy,
    web,
    keys,
    recovery,
    registration,
    origins,
    log,
    policy,
    limits,
  } = config;
  return {
    config: file,
    domain,
    fingerprint,
    next,
    recovery,
    listen: endpoints(config),
    tls,
    store: store.kind === 'database' ? { ...store, url: shownUrl(store.url) } : store,
    peers: Object.fromEntries(
      [...peers].map(([name, { at, fingerprint: key }]) => [
        name,
        { at: at === null ? null : renderEndpoint(at), fingerprint: key },
      ]),
    ),
    proxy: proxy === null ? null : `socks5://${renderEndpoint(proxy)}`,
    plain: plain === null ? null : { ...plain, peers: Object.fromEntries(plain.peers) },
    web,
    keys,
    dns: { ...dns, resolvers: dns.resolvers?.map(renderResolver) ?? null },
    registration,
    origins,
    log,
    policy,
    limits,
  };
}

function page(config: Config, { fingerprint, next }: OwnKeys): string {
  const {
    file,
    domain,
    tls,
    store,
    peers,
    plain,
    dns,
    proxy,
    web,
    keys,
    recovery,
    registration,
    origins,
    log,
    limits,
  } = config;
  const rows: [string, string[]][] = [
    ['config', [file]],
    ['domain', [domain]],
    ['fingerprint', [fingerprint]],
    ...(next === null ? [] : [['next key', [`${next.fingerprint}, from ${next.at} on`]] satisfies [string, string[]]]),
    ['recovery', [recovery ?? 'none']],
    ['listen', endpoints(config)],
    ['certificate', tls === null ? ['made at start, self-signed'] : [tls.certificate, tls.key]],
    ['store', [storeText(store)]],
    ['peers', [...peers].map(peerText)],
    ['proxy', proxy === null ? [] : [proxyText(proxy)]],
    ['resolvers', dns.resolvers?.map(renderResolver) ?? (proxy === null ? ['those of the system'] : [])],
    ['key servers', [...dns.keyServers]],
    ['DNS', dnsTexts(dns)],
    ['plain peers', plain === null ? [] : plainTexts(plain)],
    ['web proxies', web === null ? [] : [webText(web)]],
    ['key ports', keys === null ? [] : [keysText(keys)]],
    ['registration', [registration]],
    ['origins', [...origins]],
    ['log', [log.level]],
    ['limits', [`${limits.connections} connections, ${limits.connectionsPerAddress} from one address`]],
  ];
  const width = Math.max(...rows.map(([name]) => name.length)) + 2;
  return rows
    .map(
      ([name, values]) =>
        `${name.padEnd(width)}${(values.length === 0 ? ['none'] : values).join(`\n${' '.repeat(width)}`)}\n`,
    )
    .join('');
}

const keysText = ({ hosts, port, tlsPort }: NonNullable<Config['keys']>): string => {
  const secure = tlsPort === null ? [] : hosts.map((host) => `${renderEndpoint({ host, port: tlsPort })} (TLS)`);
  return [...hosts.map((host) => renderEndpoint({ host, port })), ...secure].join(', ');
};

const webText = ({ hosts, port, proxies }: NonNullable<Config['web']>): string =>
  `at ${hosts.map((host) => renderEndpoint({ host, port })).join(', ')}, from ${proxies.join(', ')}`;

const proxyText = (proxy: Endpoint): string =>
  `socks5://${renderEndpoint(proxy)}, for every way to another domain; no name is looked up and no SRV record asked here`;

const dnsTexts = ({ update, responder }: DnsConfig): string[] => [
  ...(update === null
    ? []
    : [`put into the zone ${update.zone} at ${renderEndpoint(update.server)}, with ${update.key}`]),
  ...(responder === null
    ? []
    : [
        `answered here at ${responder.hosts.map((host) => renderEndpoint({ host, port: responder.port })).join(', ')}, as ${responder.nameServer}`,
      ]),
  ...(update === null && responder === null ? ['to be pasted: p3do dns show'] : []),
];

const plainTexts = ({ hosts, port, peers }: PlainConfig): string[] => [
  `heard without TLS on ${hosts.map((host) => renderEndpoint({ host, port })).join(', ')}`,
  ...[...peers].map(([host, at]) => `${host}, at ${at.addresses.join(', ')} port ${at.port}`),
];

function storeText(store: StoreChoice): string {
  if (store.kind === 'memory') return 'in memory, and forgotten when the server stops';
  if (store.kind === 'database') return `${shownUrl(store.url)}, of ${store.from}`;
  const programs = store.programs === undefined ? '' : `, with the programs of ${store.programs}`;
  return `a PostgreSQL of its own in ${store.folder}${programs}`;
}

function peerText([domain, { at, fingerprint }]: [string, ConfiguredPeer]): string {
  const place = at === null ? 'asked of the DNS' : `at ${renderEndpoint(at)}`;
  return `${domain}, ${place}${fingerprint === null ? '' : `, with the key ${fingerprint}`}`;
}
