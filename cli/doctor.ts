/** `p3do doctor`: a domain looked at from outside, as other domains see it. docs/operating.md#doctor */
import { type Command, InvalidArgumentError } from 'commander';
import { isLoopbackName } from '../server/config/address.ts';
import { askingOf, finderOf } from '../server/dns/asking.ts';
import { parseResolver, type Resolver } from '../server/dns/resolver.ts';
import { checks } from '../server/doctor/checks.ts';
import { examine, type Finding, type Verdict } from '../server/doctor/finding.ts';
import { domainFolder, domainsHere } from '../server/domain/folders.ts';
import { type Domain, loadDomain } from '../server/domain/load.ts';
import { ownServer } from '../server/domain/own-server.ts';
import { type Endpoint, systemResolver } from '../server/transport/resolve.ts';
import { ownWays } from '../server/transport/socks.ts';
import { domainArgument, folderSaid, type Whose } from './whose.ts';

interface Options extends Whose {
  readonly resolver?: readonly Resolver[];
  readonly json?: true;
}

/** Where web key directories are (RFC 9110 section 4.2.2). */
const HTTPS = 443;

/** Adds the argument, the options, the page and the action of `p3do doctor`. */
export function register(command: Command): void {
  command
    .argument('<domain>', 'the domain to look at, ours or another', domainArgument)
    .option('--domain <domain>', 'look through the configuration of this domain of the machine', domainArgument)
    .option('--folder <folder>', 'the same, by its folder')
    .option('--resolver <uri>', 'whom to ask instead of those of the configuration; may be said again', addResolver)
    .option('--json', 'a line of JSON for each finding')
    .addHelpText(
      'after',
      `
Asks the DNS as our server does, goes to the domain's server, and says what is good, what may become trouble (warning)
and what is broken (bad), with what to do. It changes nothing, and needs no key. The exit code is 1 where
something is bad. With --domain it looks through the configuration of that domain of this machine: its
resolvers, its proxy; a domain of this machine is looked at through its own.

Examples:
  $ p3do doctor example.org
  $ p3do doctor example.org --resolver udp://127.0.0.1 --resolver tls://192.0.2.1#dns.example`,
    )
    .action(async (domain: string, options: Options) => {
      const own = (await domainsHere()).includes(domain) ? await loadDomain(domainFolder(domain)) : null;
      const said = options.domain ?? options.folder;
      const folder = said === undefined ? null : await folderSaid(command, options);
      const looker = folder === null ? own : await loadDomain(folder);
      const findings = await look(domain, own, looker, options);
      if (findings.some(({ verdict }) => verdict === 'bad')) process.exitCode = 1;
    });
}

async function look(domain: string, own: Domain | null, looker: Domain | null, options: Options): Promise<Finding[]> {
  const config = looker?.config;
  const nothing = { authority: null, keyServers: [], update: null, responder: null, resolvers: null };
  const dns = {
    ...(config?.dns ?? nothing),
    ...(options.resolver === undefined ? {} : { resolvers: options.resolver }),
  };
  const proxy = ownWays(config?.proxy ?? null);
  const { asker, keys, resolvers, finder } = await askingOf(dns, proxy);
  const isAlone = isLoopbackName(domain) && dns.resolvers === null;
  const peers = [...(config?.peers ?? [])].flatMap(([name, { at }]) => (at === null ? [] : [[name, at] as const]));
  const itself = isAlone && own !== null ? [[domain, ownServer(own.config)] as const] : [];
  const visit = {
    domain,
    isAlone,
    ownKey: own?.key.certificate.key.fingerprint ?? null,
    looker:
      looker === null
        ? null
        : {
            domain: looker.config.domain,
            fingerprint: looker.key.certificate.key.fingerprint,
            at: ownServer(looker.config),
          },
    told: isAlone ? [] : await keys.all(domain),
    hasValidator: resolvers.some(({ isValidator }) => isValidator),
    finder: options.resolver === undefined ? (finder ?? systemResolver) : finderOf(asker, resolvers),
    peers: new Map<string, Endpoint>([...peers, ...itself]),
    proxy,
    web: { port: HTTPS },
    hasOnions: own === null ? null : own.config.mor !== null,
    unixMs: () => Date.now(),
  };
  return examine(visit, checks, (finding) => {
    process.stdout.write(options.json ? `${JSON.stringify(finding)}\n` : line(finding));
  });
}

const colours: Readonly<Record<Verdict, number>> = { good: 32, warning: 33, bad: 31 };

function line({ verdict, what, text, remedy }: Finding): string {
  const word = verdict.padEnd(9);
  const shown = process.stdout.isTTY ? `\u001b[${colours[verdict]}m${word}\u001b[0m` : word;
  return `${shown}${what.padEnd(11)}${text}\n${remedy === null ? '' : `${' '.repeat(20)}→ ${remedy}\n`}`;
}

function addResolver(text: string, resolvers: readonly Resolver[] = []): Resolver[] {
  const resolver = parseResolver(text);
  if (resolver === null) {
    throw new InvalidArgumentError('It takes a resolver by its address: udp://127.0.0.1, tls://192.0.2.1#name.');
  }
  return [...resolvers, resolver];
}
