/** `p3do quickstart`: a domain's first start, and what its admin has to do next. docs/operating.md#first-start */
import { isIP } from 'node:net';
import { type Command, InvalidArgumentError } from 'commander';
import { isDomain } from '../psyc/names.ts';
import { canonicalAddress, isLoopbackName, parseEndpoint } from '../server/config/address.ts';
import { isDatabaseUrl } from '../server/config/database-url.ts';
import { dnsRecords } from '../server/domain/dns-records.ts';
import { ownRecord } from '../server/domain/own-record.ts';
import { domainFolder } from '../server/domain/folders.ts';
import { type MadeDomain, quickstart } from '../server/domain/quickstart.ts';
import type { Endpoint } from '../server/transport/resolve.ts';
import { domainArgument, shellWord, commandHere } from './whose.ts';

interface Options {
  readonly host?: readonly string[];
  readonly port?: number;
  readonly peer?: ReadonlyMap<string, Endpoint>;
  readonly folder?: string;
  readonly open?: true;
  readonly database?: string;
  readonly json?: true;
}

/** Adds the argument, the options, the page and the action of `p3do quickstart`. */
export function register(command: Command): void {
  command
    .argument('<domain>', 'the name of the server, and the end of the names of its people', domainArgument)
    .option('--host <address>', 'an address to listen on; may be said again', addHost)
    .option('--port <number>', 'the port to listen on; without it 9404', portOf)
    .option(
      '--peer <domain=host:port>',
      'where another domain is that the DNS does not know; may be said again',
      addPeer,
    )
    .option('--folder <folder>', 'where to put it, instead of the usual place')
    .option('--open', 'let anybody register; without it, an invitation is needed')
    .option('--database <url>', 'a PostgreSQL to keep everything in; without it, the domain has one of its own', urlOf)
    .option('--json', 'what is said, as JSON')
    .addHelpText(
      'after',
      `
Makes the folder of a domain with its keys, its configuration and one invitation, and says what to publish
in the DNS. It overwrites nothing. The usual place is $P3DO_HOME/domains/DOMAIN; without P3DO_HOME that is
/var/lib/p3do for root, and p3do in $XDG_DATA_HOME or ~/.local/share for others.

It listens on all addresses. localhost and names that end in .localhost or .test are of this machine alone:
they listen on 127.0.0.1 and ::1, and anybody there may register, unless --host names another address.

Examples:
  $ p3do quickstart example.org
  $ p3do quickstart a.test --host 127.0.0.1 --port 9404 --peer b.test=127.0.0.2:9404`,
    )
    .action(async (domain: string, options: Options) => {
      const { host, port, peer, open, database, json } = options;
      if (peer?.has(domain)) command.error(`${domain} is the domain itself, and none of its peers`);
      const made = await quickstart(options.folder ?? domainFolder(domain), {
        domain,
        now: Math.floor(Date.now() / 1000),
        ...(host === undefined ? {} : { hosts: host }),
        ...(port === undefined ? {} : { port }),
        ...(peer === undefined ? {} : { peers: peer }),
        ...(open ? { registration: 'open' as const } : {}),
        ...(database === undefined ? {} : { database }),
      });
      const next =
        options.folder === undefined
          ? `${commandHere()} serve --domain ${domain}`
          : `${commandHere()} serve --folder ${shellWord(options.folder)}`;
      process.stdout.write(json ? `${JSON.stringify(described(domain, made, next))}\n` : page(domain, made, next));
    });
}

function described(domain: string, made: MadeDomain, next: string): object {
  const { folder, config, fingerprint, recovery, invite, offline } = made;
  return { domain, folder, config, fingerprint, recovery, invite, dns: recordsOf(domain, made), offline, next };
}

/** A new domain names no key servers. */
const recordsOf = (domain: string, { fingerprint, port }: MadeDomain): string[] =>
  dnsRecords(domain, ownRecord({ fingerprint, number: 1, next: null }, { keyServers: [] }), port);

function page(domain: string, made: MadeDomain, next: string): string {
  const { config, fingerprint, recovery, registration, invite, offline } = made;
  const publish = isLoopbackName(domain)
    ? 'DNS records, which servers that are told of each other by --peer do not need:'
    : `DNS records to publish, besides the addresses (A, AAAA) of ${domain}:`;
  // Where anybody may register, nobody needs it.
  const invited =
    registration === 'open' ? 'Anybody may register.' : `The admin's invitation, shown this once:\n\n${invite}`;
  const [recoveryKey = '', revocation = ''] = offline;
  return `config       ${config}
fingerprint  ${fingerprint}
recovery     ${recovery}

${invited}

${publish}

${recordsOf(domain, made).join('\n')}

Take these two files off this machine, and keep them where nobody else finds them:

${recoveryKey}
    answers for the domain when its key is lost or stolen; whoever has it can take the domain
${revocation}
    voids the domain's key for good; whoever has it can silence the domain

Next:

${next}
`;
}

function addHost(text: string, hosts: readonly string[] = []): string[] {
  if (isIP(text) === 0) throw new InvalidArgumentError('An address is IPv4 or IPv6, as 192.0.2.1, ::1, or :: for all.');
  if (hosts.map(canonicalAddress).includes(canonicalAddress(text))) {
    throw new InvalidArgumentError(`${text} stands twice.`);
  }
  return [...hosts, text];
}

/** A port as somebody types it. */
export function portOf(text: string): number {
  const port = Number(text);
  if (!/^[0-9]{1,5}$/.test(text) || port === 0 || port > 65_535) {
    throw new InvalidArgumentError('A port is a whole number from 1 to 65535.');
  }
  return port;
}

function addPeer(text: string, peers: ReadonlyMap<string, Endpoint> = new Map()): Map<string, Endpoint> {
  const [domain = '', at = '', ...more] = text.split('=');
  const endpoint = parseEndpoint(at);
  if (!isDomain(domain) || endpoint === null || more.length > 0) {
    throw new InvalidArgumentError('A peer is as b.test=127.0.0.2:9404 or b.test=[::1]:9404.');
  }
  if (peers.has(domain)) throw new InvalidArgumentError(`${domain} stands twice.`);
  return new Map([...peers, [domain, endpoint]]);
}

function urlOf(text: string): string {
  if (!isDatabaseUrl(text)) throw new InvalidArgumentError('It takes a URL, as postgres://user@host/database.');
  return text;
}
