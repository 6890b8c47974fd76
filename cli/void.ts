/** `p3do key void`: the revocation that was made with a domain's key is brought to key servers, its own and others'. docs/operating.md#a-stolen-or-lost-key */
import { readFile } from 'node:fs/promises';
import { type Command, InvalidArgumentError } from 'commander';
import { parseArmour } from '../pki/armour.ts';
import { readCertificate } from '../pki/certificate.ts';
import { PkiError } from '../pki/error.ts';
import { splitPackets, tags } from '../pki/packets.ts';
import { applyRevocation } from '../pki/revocation.ts';
import { parseSignature, signatureTypes } from '../pki/signature.ts';
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
import { confirmed, withYes, type Yes } from './person/confirm.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

interface Options extends Whose, Yes {
  readonly at?: readonly string[];
  readonly json?: true;
}

/** A key server, as it is called, and how it is found. */
interface Server {
  readonly name: string;
  /** Rejects with TransportError where its domain says that there is none. */
  readonly find: () => Promise<{ readonly at: Endpoint; readonly way?: Way }>;
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
  withYes(domainOptions(sub.argument('<file>', 'revocation.asc, from where you keep it')))
    .option('--at <server>', 'a key server, by its domain or as host:port; may be said again', addServer)
    .option('--json', 'a line of JSON for each server')
    .addHelpText(
      'after',
      `
Brings the revocation that was made with the key to the key server of the domain, and to those of all domains
that its running server knows; with --at to those that are named, from any machine, without the domain's folder
or key. Whoever has it takes nothing of that key any more, neither from a thief nor from your own server, until
another key follows. It cannot be taken back. Make that other key first (p3do key rotate --recovery).

Examples:
  $ p3do key void /media/stick/revocation.asc
  $ p3do key void revocation.asc --at b.example --at 192.0.2.7:9404`,
    )
    .action(async (file: string, options: Options) => {
      const { packet, fingerprint } = revocationIn(parseArmour(await readFile(file, 'utf8')));
      const servers = options.at?.map(named) ?? (await known(await folderOf(sub, options)));
      const what = `This voids the key ${fingerprint} for good: nobody takes anything of its domain until another key follows`;
      if (!(await confirmed(sub, options, what))) return;
      const left = [...servers];
      while (left.length > 0) {
        const all = await Promise.all(left.splice(0, AT_ONCE).map((server) => bring(server, packet, fingerprint)));
        for (const { server, fault } of all) {
          const line = fault === null ? `void at ${server}` : `not at ${server}: ${fault}`;
          process.stdout.write(`${options.json ? JSON.stringify({ server, fault }) : line}\n`);
          if (fault !== null) process.exitCode = 1;
        }
      }
    });
}

/** Whose it is stands in it. Throws PkiError `_foreign_revocation`. */
function revocationIn(bytes: Uint8Array): { readonly packet: Uint8Array; readonly fingerprint: string } {
  const [packet] = splitPackets(bytes);
  const signature = packet?.tag === tags.signature ? parseSignature(packet.body) : null;
  if (signature?.type === signatureTypes.keyRevocation) return { packet: bytes, fingerprint: signature.issuer };
  throw new PkiError('_foreign_revocation', 'the file holds no revocation of a key');
}

async function bring({ name, find }: Server, packet: Uint8Array, fingerprint: string): Promise<Done> {
  try {
    const { at, way } = await find();
    const key = await keyAt(at, fingerprint, way);
    if (key === null) return { server: name, fault: `it does not know the key ${fingerprint}` };
    await bringKey(at, await applyRevocation(await readCertificate(key), packet), way);
    return { server: name, fault: null };
  } catch (error) {
    const isTheirs = error instanceof KeyServerError || error instanceof PkiError || error instanceof TransportError;
    if (!isTheirs) throw error;
    return { server: name, fault: `${error.message} (${error.code})` };
  }
}

/** The domain's own, and those of all that its server knows and does not block. */
async function known(folder: string): Promise<Server[]> {
  const config = await readConfig(configFile(folder), process.env, true);
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
