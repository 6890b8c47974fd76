/** Where people's folders are on this machine. docs/spec/people.md#profile */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { homeFolder, type Surroundings } from '../../disk/home.ts';
import { readPrivate } from '../../disk/private-file.ts';
import { parseUserId, renderUserId } from '../../psyc/names.ts';
import { profileLimits } from './limits.ts';
import { parseState } from './state-file.ts';

export { surroundings } from '../../disk/home.ts';

/** The folder with one folder for each person. */
const peopleFolder = (where: Surroundings): string => join(homeFolder(where), 'people');

/** A person's: `nick@domain`. */
export const personFolder = (where: Surroundings, nick: string, domain: string): string =>
  join(peopleFolder(where), `${nick}@${domain}`);

/** Nick and domain of `nick@domain`; upper case is folded. Throws PsycError for anything else. */
export function parseAddress(text: string): { readonly nick: string; readonly domain: string } {
  const address = text.toLowerCase();
  return parseUserId(`${address.slice(0, address.indexOf('@'))} <${address}>`);
}

/** `nick@domain` of those who are registered from here, in order; who was refused has a folder and is none of them. */
export async function peopleHere(where: Surroundings): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(peopleFolder(where));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
  const people = names.filter(isAddress).sort();
  const registered = await Promise.all(people.map((name) => isRegistered(join(peopleFolder(where), name, 'state'))));
  return people.filter((_, at) => registered[at]);
}

async function isRegistered(state: string): Promise<boolean> {
  try {
    return parseState(await readPrivate(state, profileLimits.stateBytesMax)).isRegistered;
  } catch (error) {
    // What is wrong with a file is told by whoever needs it.
    return (error as NodeJS.ErrnoException).code !== 'ENOENT';
  }
}

function isAddress(name: string): boolean {
  const at = name.indexOf('@');
  try {
    return renderUserId(name.slice(0, at), name.slice(at + 1)) !== '';
  } catch {
    return false;
  }
}
