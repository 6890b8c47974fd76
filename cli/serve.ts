/** `p3do serve`: runs a domain's server until it is told to stop; makes `localhost` where there is no domain yet. docs/operating.md#serving */
import { readdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { warningsOf } from '../server/config/config.ts';
import { domainFolder } from '../server/domain/folders.ts';
import { type Domain, loadDomain } from '../server/domain/load.ts';
import { quickstart } from '../server/domain/quickstart.ts';
import { openLog } from '../server/log.ts';
import { Server } from '../server/server.ts';
import { domainOptions, folderOf, type Whose } from './whose.ts';

/** The domain that is made when somebody just wants to see it run. */
const FIRST = 'localhost';

type Options = Whose & { readonly json?: true };

/** Adds the options, the page and the action of `p3do serve`. */
export function register(command: Command): void {
  domainOptions(command)
    .option('--json', 'what is said on standard output, as JSON')
    .addHelpText(
      'after',
      `
Without --domain and --folder it serves the only domain of this machine's usual place; where there is none,
it makes localhost, which nobody but this machine can reach. When it takes circuits it prints a line that
begins with "ready". Its log goes to standard error. Ctrl-C, or SIGTERM, stops it in order.

Examples:
  $ p3do serve
  $ p3do serve --domain example.org`,
    )
    .action(async (options: Options) => {
      const said = (line: string): boolean => process.stdout.write(`${line}\n`);
      const folder = await folderToServe(command, options, options.json ? () => {} : said);
      await serve(await loadDomain(folder), options.json === true, said);
    });
}

/** The folder that is meant; with nothing said and nothing there, that of a new domain. */
async function folderToServe(command: Command, options: Options, said: (line: string) => void): Promise<string> {
  if (options.domain !== undefined || options.folder !== undefined) return folderOf(command, options);
  const first = domainFolder(FIRST);
  const there = await readdir(dirname(first)).catch((error: unknown): string[] => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  if (there.length > 1) command.error(`which domain? There are ${there.join(', ')}: say --domain`);
  const [only] = there;
  if (only !== undefined) return domainFolder(only);
  const { config } = await quickstart(first, { domain: FIRST, now: Math.floor(Date.now() / 1000) });
  said(`first start: made the domain ${FIRST}, for this machine only; its configuration is ${config}`);
  return first;
}

async function serve(domain: Domain, isJson: boolean, said: (line: string) => boolean): Promise<void> {
  const { config } = domain;
  const log = openLog(config.log.level);
  for (const warning of warningsOf(config)) log.warn(warning);
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  const server = await Server.start(domain, {
    log,
    progress: (line) => log.info(line),
    crashed: () => {
      process.exitCode = 1;
      // What has crashed may hold timers and sockets that would keep it alive.
      process.exit();
    },
  });
  const { addresses } = server;
  if (isJson) said(JSON.stringify({ ready: true, domain: config.domain, addresses }));
  else {
    said(`ready ${config.domain} at ${addresses.join(' and ')}`);
    if (process.stdout.isTTY && config.registration === 'open') for (const line of hints(config.domain)) said(line);
  }
  await stopped;
  log.info('stopping');
  await server.stop();
}

/** What to do next, for whoever looks on. */
const hints = (domain: string): string[] => [
  'To speak to it, in another terminal:',
  `  npx p3do register ada@${domain}`,
  `  npx p3do enter @hall@${domain}`,
  `  npx p3do say @hall@${domain} hello`,
  `  npx p3do history @hall@${domain}`,
];
