/** Which domain of this machine a command is about: by its name, or by its folder. docs/operating.md#files-of-a-domain */
import { type Command, InvalidArgumentError } from 'commander';
import { isDomain } from '../psyc/names.ts';
import { domainFolder } from '../server/domain/folders.ts';

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
    .option('--domain <domain>', "a domain in this machine's usual place", domainArgument)
    .option('--folder <folder>', "the domain's folder, where it is another");

/** The folder; wrong usage unless exactly one of the two is there. */
export function folderOf(command: Command, { domain, folder }: Whose): string {
  if (domain !== undefined && folder !== undefined) command.error('--domain and --folder exclude each other');
  if (folder !== undefined) return folder;
  return domain === undefined ? command.error('which domain? It takes --domain or --folder') : domainFolder(domain);
}

/** A word for a shell: in quotes where it needs them. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
