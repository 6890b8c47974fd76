/** `p3do serve`: runs a domain's server until it is told to stop; makes `localhost` where there is no domain yet. docs/operating.md#serving */
import { lookup } from 'node:dns/promises';
import { type Command, Option } from 'commander';
import { checkNotRunning } from '../server/admin/channel.ts';
import { warningsOf } from '../server/config/config.ts';
import { domainFolder } from '../server/domain/folders.ts';
import { type Domain, loadServed } from '../server/domain/load.ts';
import { configFile, quickstart } from '../server/domain/quickstart.ts';
import { warningsOfNext } from '../server/domain/rotating.ts';
import { openLog } from '../server/log.ts';
import { Server, type ServerOptions } from '../server/server.ts';
import { DEFAULT_PORT } from '../server/transport/tls.ts';
import { portOf } from './quickstart.ts';
import { domainOptions, folderSaid, commandHere, type Whose } from './whose.ts';

/** The domain that is made when somebody just wants to see it run. */
const FIRST = 'localhost';

type Options = Whose & {
  readonly port?: number;
  readonly json?: true;
  readonly playground?: true;
  readonly unsafe?: true;
};

/** Adds the options, the page and the action of `p3do serve`. */
export function register(command: Command): void {
  domainOptions(command)
    .option('--port <number>', 'at the first start, the port of localhost; without it 9404', portOf)
    .option('--json', 'what is said on standard output, as JSON')
    .addOption(new Option('--playground', 'tells its parent the ways of onions; for p3do localserve').hideHelp())
    .addOption(
      new Option('--unsafe', 'in a playground: cells leave at once and hide nothing; to be measured').hideHelp(),
    )
    .addHelpText(
      'after',
      `
Without --domain and --folder it serves the only domain of this machine's usual place; where there is none,
it makes localhost, which nobody but this machine can reach. When it takes circuits it prints a line that
begins with "ready". Its log goes to standard error. Ctrl-C, SIGTERM or SIGHUP stops it in order.

Examples:
  $ p3do serve
  $ p3do serve --domain example.org`,
    )
    .action(async (options: Options) => {
      const said = (line: string): boolean => process.stdout.write(`${line}\n`);
      const folder = await folderToServe(command, options, options.json ? () => {} : said);
      await serve(folder, options, said);
    });
}

/** The folder that is meant; with nothing said and nothing there, that of a new domain. */
async function folderToServe(command: Command, options: Options, said: (line: string) => void): Promise<string> {
  const { port } = options;
  const folder = await folderSaid(command, options);
  if (folder !== null) {
    if (port !== undefined) command.error(`the domain is there already: its port is in ${configFile(folder)}`);
    return folder;
  }
  const first = domainFolder(FIRST);
  const now = Math.floor(Date.now() / 1000);
  const { config } = await quickstart(first, { domain: FIRST, now, ...(port === undefined ? {} : { port }) });
  said(`first start: made the domain ${FIRST}, for this machine only; its configuration is ${config}`);
  return first;
}

async function serve(
  folder: string,
  { json, playground, unsafe }: Options,
  said: (line: string) => boolean,
): Promise<void> {
  await checkNotRunning(folder);
  const domain = await loadServed(folder, Date.now());
  const { config } = domain;
  const log = openLog(config.log.level);
  for (const warning of [...warningsOf(config), ...(await warningsOfNext(config.folder))]) log.warn(warning);
  const stopped = new Promise<void>((resolve) => {
    // A terminal that closes says SIGHUP: died of it, the server would leave its database behind.
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.once(signal, () => resolve());
    whenLeftAlone(resolve);
  });
  const start = (of: Domain, kept: Pick<ServerOptions, 'store'> = {}): Promise<Server> =>
    Server.start(of, {
      ...kept,
      ...(playground === undefined ? {} : { watched: tellParent, unsafe: unsafe === true }),
      log,
      progress: (line) => log.info(line),
      crashed: () => {
        process.exitCode = 1;
        // What has crashed may hold timers and sockets that would keep it alive.
        process.exit();
      },
    });
  let server = await start(domain);
  let serving = domain.key.certificate.key.fingerprint;
  const { addresses } = server;
  const { plain, web, keys, dns, mail } = server.further;
  const further = {
    ...(plain.length === 0 ? {} : { plain }),
    ...(web.length === 0 ? {} : { web }),
    ...(keys.plain.length === 0 ? {} : { keys }),
    ...(dns.length === 0 ? {} : { dns }),
    ...(mail.length === 0 ? {} : { mail }),
  };
  if (json) said(JSON.stringify({ ready: true, domain: config.domain, addresses, ...further }));
  else {
    const without = plain.length === 0 ? '' : `, without TLS at ${plain.join(' and ')}`;
    const proxied = web.length === 0 ? '' : `, for proxies at ${web.join(' and ')}`;
    const asked = [...keys.plain, ...keys.tls].join(' and ');
    const looked = asked === '' ? '' : `, for keys at ${asked}`;
    const answering = dns.length === 0 ? '' : `, for DNS at ${dns.join(' and ')}`;
    const replied = mail.length === 0 ? '' : `, for mail at ${mail.join(' and ')}`;
    said(`ready ${config.domain} at ${addresses.join(' and ')}${without}${proxied}${looked}${answering}${replied}`);
    if (process.stdout.isTTY && config.registration === 'open') {
      for (const line of await hints(config.domain, addresses[0]!)) said(line);
    }
  }
  while (await Promise.race([stopped.then(() => false), server.rotating.then(() => true)])) {
    const store = await server.handOver();
    const next = await loadServed(folder, Date.now());
    const { fingerprint } = next.key.certificate.key;
    const isSame = fingerprint === serving;
    serving = fingerprint;
    if (isSame) log.info('the next onion epoch begins');
    else {
      log.warn(
        { fingerprint },
        'ROTATED: the domain has its next key from now on; take the one before (former/*.key) off this machine after thirty days',
      );
    }
    server = await start(next, { store });
  }
  log.info('stopping');
  await server.stop();
}

/** What to do next, for whoever looks on. */
async function hints(domain: string, address: string): Promise<string[]> {
  const p3do = commandHere();
  const isFound = await lookup(domain).then(
    () => address.endsWith(`:${DEFAULT_PORT}`),
    () => false,
  );
  // What listens on every address is reached on this machine's own.
  const server = isFound ? '' : ` --server ${address.replace(/^(?:\[::\]|0\.0\.0\.0):/, '127.0.0.1:')}`;
  return [
    'To speak to it, in another terminal:',
    `  ${p3do} register ada@${domain}${server}`,
    `  ${p3do} enter @hall@${domain} --as ada@${domain}`,
    `  ${p3do} say @hall@${domain} --as ada@${domain} hello`,
    `  ${p3do} listen --as ada@${domain}`,
  ];
}

/** Over the channel to whoever has started this process; where there is none, or it is closed, to nobody. */
function tellParent(deed: object): void {
  if (process.connected) process.send?.(deed, undefined, undefined, () => {});
}

/** A program that has started the server with a channel to itself is its life: however that ends, the server ends after it. */
function whenLeftAlone(stop: () => void): void {
  if (process.send === undefined) return;
  if (!process.connected) stop();
  process.once('disconnect', stop);
  // It keeps nobody from ending.
  process.channel?.unref();
}
