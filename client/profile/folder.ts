/** Where people's folders are on this machine. docs/spec/people.md#profile */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { parseUserId, renderUserId } from '../../psyc/names.ts';

/** What decides: variables of the environment, and whether it is the machine's administrator. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
}

/** The process's own. */
export const surroundings = (): Surroundings => ({ env: process.env, isRoot: process.getuid?.() === 0 });

/** The folder that all of p3do's files on this machine are in. */
function homeOf({ env, isRoot }: Surroundings): string {
  const { P3DO_HOME: given, XDG_DATA_HOME: data } = env;
  if (given) return given;
  if (isRoot) return '/var/lib/p3do';
  return join(data || join(env['HOME'] || homedir(), '.local', 'share'), 'p3do');
}

/** The folder with one folder for each person. */
const peopleFolder = (where: Surroundings): string => join(homeOf(where), 'people');

/** A person's: `nick@domain`. */
export const personFolder = (where: Surroundings, nick: string, domain: string): string =>
  join(peopleFolder(where), `${nick}@${domain}`);

/** Nick and domain of `nick@domain`; upper case is folded. Throws PsycError for anything else. */
export function parseAddress(text: string): { readonly nick: string; readonly domain: string } {
  const address = text.toLowerCase();
  return parseUserId(`${address.slice(0, address.indexOf('@'))} <${address}>`);
}

/** `nick@domain` of those who have a whole folder here, in order. */
export async function peopleHere(where: Surroundings): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(peopleFolder(where));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
  const isWhole = (name: string): boolean => existsSync(join(peopleFolder(where), name, 'state'));
  return names.filter((name) => isAddress(name) && isWhole(name)).sort();
}

function isAddress(name: string): boolean {
  const at = name.indexOf('@');
  try {
    return renderUserId(name.slice(0, at), name.slice(at + 1)) !== '';
  } catch {
    return false;
  }
}
