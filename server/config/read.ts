/** Reads config.json: strictly, and telling all that is wrong with it at once. docs/operating.md#configuration */
import { open } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { decodeTextStrict } from '../../psyc/bytes.ts';
import { parseMailAddress } from '../../services/mail/address.ts';
import { parseEndpoint, parseProxy } from './address.ts';
import { parseResolver } from '../dns/resolver.ts';
import type { Config, DnsConfig, StoreChoice } from './config.ts';
import { conflictsOf } from './conflicts.ts';
import { hasPassword, isDatabaseUrl } from './database-url.ts';
import { type ConfigCode, ConfigError, type Mistake } from './errors.ts';
import { type Document, JsonError, parseJson } from './json.ts';
import { configLimits } from './limits.ts';
import { mistakeAt, mistakesOf, peerMistakes } from './mistakes.ts';
import { rightParts } from './right-parts.ts';
import { configSchema, type RawConfig } from './schema.ts';
import { surroundingsOf } from './surroundings.ts';

const OTHERS = 0o077;

/** What of the environment outranks the file. */
type Environment = { readonly DATABASE_URL?: string | undefined };

/**
 * The configuration in a file, and what it names looked at: certificate, domain key, folders. Paths in it are relative to
 * its folder. `DATABASE_URL` of the environment outranks `store`. With `isKeyLost` domain.key is nobody's concern. Throws
 * ConfigError with every mistake.
 */
export async function readConfig(
  path: string,
  environment: Environment = process.env,
  isKeyLost = false,
): Promise<Config> {
  const file = resolve(path);
  const { text, isExposed } = await readText(file);
  const document = parse(file, text);
  const { data, error } = configSchema.safeParse(document.value);
  const raw = data ?? rightParts(document, error.issues);
  const parts = partsOf(file, raw, environment);
  const mistakes = [
    ...mistakesOf(document, error?.issues ?? []),
    ...peerMistakes(document),
    ...conflictsOf(document, raw),
    ...environmentMistakes(environment),
    ...exposure(document, raw, isExposed),
    ...(await surroundingsOf(document, parts, isKeyLost)),
  ];
  const [first, ...more] = mistakes.sort((a, b) => (a.line ?? Infinity) - (b.line ?? Infinity) || 0);
  if (first !== undefined) throw new ConfigError(file, [first, ...more]);
  // Without a mistake every part is there.
  return parts as Config;
}

/** Throws ConfigError with one mistake that is about the file as a whole. */
async function readText(file: string): Promise<{ text: string; isExposed: boolean }> {
  const refused = (code: ConfigCode, text: string): ConfigError =>
    new ConfigError(file, [{ code, key: null, line: null, text }]);
  try {
    const handle = await open(file);
    try {
      const { size, mode } = await handle.stat();
      if (size > configLimits.configBytesMax) {
        throw refused('_config_oversized', `has ${size} bytes; it may have ${configLimits.configBytesMax}`);
      }
      const text = decodeTextStrict(new Uint8Array(await handle.readFile()));
      if (text === null) throw refused('_config_unreadable', 'is not UTF-8');
      // Some editors put a byte order mark, which JSON does not know.
      return { text: text.replace(/^\ufeff/, ''), isExposed: process.platform !== 'win32' && (mode & OTHERS) !== 0 };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (error instanceof ConfigError) throw error;
    throw refused('_config_unreadable', `cannot be read: ${code}`);
  }
}

function parse(file: string, text: string): Document {
  try {
    return parseJson(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const { line, column, message } = error;
    throw new ConfigError(file, [{ code: '_config_syntax', key: null, line, column, text: message }]);
  }
}

/** The parts that are there, as the server uses them. */
function partsOf(
  file: string,
  raw: Partial<RawConfig>,
  environment: Environment,
): Pick<Config, 'file' | 'folder'> & Partial<Config> {
  const folder = dirname(file);
  const {
    domain,
    listen,
    tls,
    peers,
    plain,
    proxy,
    web,
    keys,
    recovery,
    registration,
    origins,
    log,
    mor,
    pigeonhole,
    mailbox,
    mail,
    pages,
    policy,
    limits,
  } = raw;
  const store = storeOf(folder, raw.store, environment);
  return {
    file,
    folder,
    tls: tls === undefined ? null : { certificate: resolve(folder, tls.certificate), key: resolve(folder, tls.key) },
    plain: plain === undefined ? null : { ...plain, peers: new Map(Object.entries(plain.peers)) },
    dns: dnsOf(folder, raw.dns, domain),
    proxy: proxy === undefined ? null : parseProxy(proxy),
    web: web ?? null,
    mor: mor ?? null,
    pigeonhole: pigeonhole ?? null,
    mailbox: mailbox ?? null,
    mail:
      mail === undefined
        ? null
        : { ...mail, address: parseMailAddress(mail.address)!, relay: parseEndpoint(mail.relay)! },
    ...(pages === undefined ? {} : { pages }),
    keys: keys === undefined ? null : { ...keys, tlsPort: keys.tlsPort ?? null },
    recovery: recovery?.toLowerCase() ?? null,
    ...(domain === undefined ? {} : { domain }),
    ...(listen === undefined ? {} : { listen }),
    ...(store === undefined ? {} : { store }),
    ...(peers === undefined ? {} : { peers: peersOf(peers) }),
    ...(registration === undefined ? {} : { registration }),
    ...(origins === undefined ? {} : { origins }),
    ...(log === undefined ? {} : { log }),
    ...(policy === undefined ? {} : { policy }),
    ...(limits === undefined ? {} : { limits }),
  };
}

function storeOf(
  folder: string,
  store: RawConfig['store'] | undefined,
  { DATABASE_URL }: Environment,
): StoreChoice | undefined {
  if (DATABASE_URL !== undefined && DATABASE_URL !== '') {
    return { kind: 'database', url: DATABASE_URL, from: 'DATABASE_URL' };
  }
  if (store === undefined) return undefined;
  if (store.url !== undefined) return { kind: 'database', url: store.url, from: 'config.json' };
  if (store.memory === true) return { kind: 'memory' };
  const programs = store.programs === undefined ? undefined : resolve(folder, store.programs);
  return { kind: 'embedded', folder: resolve(folder, store.folder ?? 'postgres'), programs };
}

const dnsOf = (folder: string, dns: RawConfig['dns'] | undefined, domain = ''): DnsConfig => ({
  resolvers: dns?.resolvers?.flatMap((text) => parseResolver(text) ?? []) ?? null,
  authority: dns?.authority === undefined ? null : resolve(folder, dns.authority),
  keyServers: dns?.keyServers ?? [],
  update:
    dns?.update === undefined
      ? null
      : {
          server: parseEndpoint(dns.update.server)!,
          zone: dns.update.zone ?? domain,
          key: resolve(folder, dns.update.key),
        },
  responder: dns?.responder === undefined ? null : { ...dns.responder, nameServer: dns.responder.nameServer ?? domain },
});

const peersOf = (peers: RawConfig['peers']): Config['peers'] =>
  new Map(
    Object.entries(peers).map(([domain, { at, fingerprint }]) => [
      domain,
      { at: at === undefined ? null : parseEndpoint(at), fingerprint: fingerprint?.toLowerCase() ?? null },
    ]),
  );

function environmentMistakes({ DATABASE_URL = '' }: Environment): Mistake[] {
  if (DATABASE_URL === '' || isDatabaseUrl(DATABASE_URL)) return [];
  // Not its value, which may hold a password.
  const text = 'DATABASE_URL of the environment is no URL of a database; it must be postgres://user@host/database';
  return [{ code: '_config_invalid', key: null, line: null, text }];
}

function exposure(document: Document, { store }: Partial<RawConfig>, isExposed: boolean): Mistake[] {
  if (!isExposed || store?.url === undefined || !hasPassword(store.url)) return [];
  const said = 'holds a password, and others may read the file: chmod 600, and think whether they did';
  return [mistakeAt(document, '_config_exposed', ['store', 'url'], said)];
}
