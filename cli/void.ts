/** `p3do key void`: the revocation that was made with a domain's key is brought to key servers, its own and others'. docs/operating.md#a-stolen-or-lost-key */
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { parseArmour } from '../pki/armour.ts';
import { type Certificate, readCertificate } from '../pki/certificate.ts';
import { PkiError } from '../pki/error.ts';
import { splitPackets, tags } from '../pki/packets.ts';
import { applyRevocation } from '../pki/revocation.ts';
import { parseSignature, signatureTypes } from '../pki/signature.ts';
import { domainOf } from '../pki/user-id.ts';
import { isDomain } from '../psyc/names.ts';
import { askServer } from '../server/admin/channel.ts';
import { parseEndpoint } from '../server/config/address.ts';
import type { Config } from '../server/config/config.ts';
import { readConfig } from '../server/config/read.ts';
import { askingOf } from '../server/dns/asking.ts';
import { ownServer } from '../server/domain/own-server.ts';
import { configFile } from '../server/domain/quickstart.ts';
import { bringKey, keyAt, type Way } from '../server/keys/ask.ts';
import { KeyServerError } from '../server/keys/errors.ts';
import { TransportError } from '../server/transport/errors.ts';
import { type Endpoint, endpointsOf, systemResolver, toldOrItself } from '../server/transport/resolve.ts';
import { ownWays } from '../server/transport/socks.ts';
import { confirmed, typedName } from './person/confirm.ts';
import { domainArgument, domainOptions, folderOf, folderSaid, type Whose } from './whose.ts';

interface Options extends Whose {
  /** A domain, where the key is another one's than that of the command. */
  readonly yes?: true | string;
  readonly at?: readonly string[];
  readonly json?: true;
}

/** A key server, as it is called, and how it is found. */
interface Server {
  readonly name: string;
  /** Rejects with TransportError where its domain says that there is none. */
  readonly find: () => Promise<{ readonly at: Endpoint; readonly way?: Way }>;
}

/** A server that gives the key which the revocation is of. */
interface Found {
  readonly server: string;
  readonly at: Endpoint;
  readonly way: Way | undefined;
  readonly key: Certificate;
  /** The key with its revocation. */
  readonly revoked: Uint8Array;
}

/** What came of one server. */
interface Done {
  readonly server: string;
  /** null: it has the revocation, and gives it out. */
  readonly fault: string | null;
}

/** Servers that are asked at the same time. */
const AT_ONCE = 16;

/** Adds the subcommand. */
export function addVoid(command: Command): void {
  const sub = command
    .command('void')
    .description('publish the revocation of the domain’s key: it is in other hands')
    .showHelpAfterError('See: p3do help key void');
  domainOptions(sub.argument('<file>', 'revocation.asc, from where you keep it'))
    .option(
      '--yes [domain]',
      'do it without asking; with the domain whose key it is, where that is another than --domain',
      domainArgument,
    )
    .option('--at <server>', 'a key server, by its domain or as host:port; may be said again', addServer)
    .option('--json', 'a line of JSON for each server')
    .addHelpText(
      'after',
      `
Brings the revocation that was made with the key to the key server of the domain, and to those of all domains
that its running server knows; with --at to those that are named, from any machine, without the domain's folder
or key. Whoever has it takes nothing of that key any more, neither from a thief nor from your own server, until
another key follows. It cannot be taken back. Make that other key first (p3do key rotate --recovery).
The servers say whose key it is, before you are asked; that of another domain than the one you work at takes its
name, typed or behind --yes.

Examples:
  $ p3do key void /media/stick/revocation.asc
  $ p3do key void revocation.asc --at b.example --at 192.0.2.7:9404`,
    )
    .action(async (file: string, options: Options) => {
      await voidKey(sub, revocationIn(parseArmour(await readFile(file, 'utf8'))), options);
    });
}

async function voidKey(
  sub: Command,
  { packet, fingerprint }: { readonly packet: Uint8Array; readonly fingerprint: string },
  options: Options,
): Promise<void> {
  const folder = options.at === undefined ? await folderOf(sub, options) : await folderMeant(sub, options);
  const config = folder === null ? null : await readConfig(configFile(folder), process.env, true);
  const servers = options.at?.map(named) ?? (await known(folder!, config!));
  const looked = await inTurn(servers, (server) => look(server, packet, fingerprint));
  const found = looked.filter((one): one is Found => 'key' in one);
  const domain = found.length === 0 ? null : (domainOf(found[0]!.key) ?? 'no domain');
  // Where nobody has the key there is nothing that could be done.
  if (domain !== null && !(await isMeant(sub, options, { domain, fingerprint, own: config?.domain ?? null }))) return;
  const all = await inTurn(looked, async (one) => ('key' in one ? bring(one) : one));
  for (const { server, fault } of all) {
    const what = domain === null ? fingerprint : `${domain}, ${fingerprint}`;
    const line = fault === null ? `void at ${server}: the key of ${what}` : `not at ${server}: ${fault}`;
    process.stdout.write(`${options.json ? JSON.stringify({ server, domain, fingerprint, fault }) : line}\n`);
    if (fault !== null) process.exitCode = 1;
  }
}

/** The folder that is named; null: none is, and with --at none needs to be. */
const folderMeant = async (sub: Command, options: Options): Promise<string | null> =>
  (options.domain ?? options.folder) === undefined ? null : folderSaid(sub, options);

/** Whether this key is to be voided; `own`: the domain that the command is given at, null where it is none. Nothing is done otherwise, which has been told. */
async function isMeant(
  sub: Command,
  { yes, json }: Options,
  { domain, fingerprint, own }: { readonly domain: string; readonly fingerprint: string; readonly own: string | null },
): Promise<boolean> {
  const voids = `voids the key of ${domain}, ${fingerprint}, for good: nobody takes anything of ${domain} until another key follows`;
  const isForeign = own !== null && own !== domain;
  if (typeof yes === 'string' && yes !== domain) sub.error(`the file is of ${domain}, and not of ${yes}`);
  if (yes === domain || (yes === true && !isForeign)) return true;
  if (!isForeign) return confirmed(sub, json === undefined ? {} : { json }, `This ${voids}`);
  return typedName(sub, json === undefined ? {} : { json }, `This is NOT of ${own}: it ${voids}`, domain);
}

/** Some at a time, in their order. */
async function inTurn<One, Other>(all: readonly One[], how: (one: One) => Promise<Other>): Promise<Other[]> {
  const done: Other[] = [];
  for (let at = 0; at < all.length; at += AT_ONCE) {
    done.push(...(await Promise.all(all.slice(at, at + AT_ONCE).map(how))));
  }
  return done;
}

/** Whose it is stands in it. Throws PkiError `_foreign_revocation`. */
function revocationIn(bytes: Uint8Array): { readonly packet: Uint8Array; readonly fingerprint: string } {
  const [packet] = splitPackets(bytes);
  const signature = packet?.tag === tags.signature ? parseSignature(packet.body) : null;
  if (signature?.type === signatureTypes.keyRevocation) return { packet: bytes, fingerprint: signature.issuer };
  throw new PkiError('_foreign_revocation', 'the file holds no revocation of a key');
}

async function look({ name, find }: Server, packet: Uint8Array, fingerprint: string): Promise<Found | Done> {
  return orFault(name, async () => {
    const { at, way } = await find();
    const bytes = await keyAt(at, fingerprint, way);
    if (bytes === null) return { server: name, fault: `it does not know the key ${fingerprint}` };
    const key = await readCertificate(bytes);
    return { server: name, at, way, key, revoked: await applyRevocation(key, packet) };
  });
}

const bring = ({ server, at, way, revoked }: Found): Promise<Done> =>
  orFault(server, async () => {
    await bringKey(at, revoked, way);
    return { server, fault: null };
  });

async function orFault<Result>(server: string, how: () => Promise<Result>): Promise<Result | Done> {
  try {
    return await how();
  } catch (error) {
    const isTheirs = error instanceof KeyServerError || error instanceof PkiError || error instanceof TransportError;
    if (!isTheirs) throw error;
    return { server, fault: `${error.message} (${error.code})` };
  }
}

/** The domain's own, and those of all that its server knows and does not block. */
async function known(folder: string, config: Config): Promise<Server[]> {
  const answer = await askServer(folder, { kind: 'list' });
  const domains = answer.kind === 'domains' ? answer.domains : [];
  const proxy = ownWays(config.proxy);
  const { finder } = await askingOf(config.dns, proxy);
  const resolver = finder ?? systemResolver;
  const peers = peersOf(config);
  return [
    { name: config.domain, find: async () => ({ at: ownServer(config) }) },
    ...domains
      .filter(({ rule }) => rule !== 'block')
      .map(({ domain }) => ({
        name: domain,
        find: async () => {
          const [at] = proxy === null ? await endpointsOf(domain, { resolver, peers, random: Math.random }, 1) : [];
          return { at: at ?? toldOrItself(domain, peers), way: { proxy, resolver } };
        },
      })),
  ];
}

const peersOf = ({ peers }: Config): Map<string, Endpoint> =>
  new Map([...peers].flatMap(([name, { at }]): [string, Endpoint][] => (at === null ? [] : [[name, at]])));

function named(text: string): Server {
  const told = parseEndpoint(text);
  const finding = { resolver: systemResolver, peers: new Map<string, Endpoint>(), random: Math.random };
  const find = async (): Promise<{ at: Endpoint }> => ({ at: told ?? (await endpointsOf(text, finding, 1))[0]! });
  return { name: text, find };
}

function addServer(text: string, servers: readonly string[] = []): string[] {
  if (parseEndpoint(text) === null && !isDomain(text)) {
    throw new InvalidArgumentError('It takes a domain, or host:port.');
  }
  return [...servers, text];
}
