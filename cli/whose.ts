/** Which domain of this machine a command is about: by its name, or by its folder. docs/operating.md#files-of-a-domain */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { isDomain } from '../psyc/names.ts';
import { domainFolder, domainsHere } from '../server/domain/folders.ts';

/** What `domainOptions` adds. */
export type Whose = { readonly domain?: string; readonly folder?: string };

/** A domain as an argument. */
export function domainArgument(text: string): string {
  if (isDomain(text)) return text;
  throw new InvalidArgumentError('A domain is written in lower case, an international one as xn--….');
}

/** Adds --domain and --folder. */
export const domainOptions = (command: Command): Command =>
  command
    .option(
      '--domain <domain>',
      "a domain in this machine's usual place; may be left out where there is one only",
      domainArgument,
    )
    .option('--folder <folder>', "the domain's folder, where it is another");

/** The folder that is meant: where nothing is said, that of the only domain here. Wrong usage where there is none, or more. */
export async function folderOf(command: Command, whose: Whose): Promise<string> {
  return (
    (await folderSaid(command, whose)) ?? command.error('which domain? There is none: p3do quickstart DOMAIN makes one')
  );
}

/** The same; null where there is no domain. */
export async function folderSaid(command: Command, { domain, folder }: Whose): Promise<string | null> {
  if (domain !== undefined && folder !== undefined) command.error('--domain and --folder exclude each other');
  if (folder !== undefined) return folder;
  if (domain !== undefined) return domainFolder(domain);
  const here = await domainsHere();
  if (here.length > 1) command.error(`which domain? There are ${here.join(', ')}: say --domain`);
  return here[0] === undefined ? null : domainFolder(here[0]);
}

/** How to type this command here: by its name where a shell finds it, else as npm finds it in the clone. */
export function commandHere(): string {
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  // What npm puts there is there for this process only.
  const lasting = folders.filter(
    (folder) => folder !== '' && !/[\\/](?:node_modules[\\/]\.bin|_npx)(?:[\\/]|$)/.test(folder),
  );
  return lasting.some((folder) => existsSync(join(folder, 'p3do'))) ? 'p3do' : 'npx p3do';
}

/** A word for a shell: in quotes where it needs them. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
