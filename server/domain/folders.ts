/** Where the domains of this machine are when nobody says. docs/operating.md#files-of-a-domain */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { homeFolder, type Surroundings, surroundings } from '../../disk/home.ts';
import { isDomain } from '../../psyc/names.ts';
import { DomainError } from './errors.ts';

const domainsFolder = (env?: Surroundings['env']): string => join(homeFolder(surroundings(env)), 'domains');

/** The domains in this machine's usual place, in order. System errors pass, but that there is no such place. */
export async function domainsHere(env?: Surroundings['env']): Promise<string[]> {
  const folder = domainsFolder(env);
  const names = await readdir(folder).catch((error: unknown): string[] => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  return names.filter((name) => isDomain(name) && existsSync(join(folder, name, 'config.json'))).sort();
}

/** The folder of a domain. Throws DomainError `_domain_invalid_name`: what is no domain may lead out of the folder. */
export function domainFolder(domain: string, env?: Surroundings['env']): string {
  checkName(domain);
  return join(domainsFolder(env), domain);
}

/** Throws DomainError `_domain_invalid_name`. */
export function checkName(domain: string): void {
  if (isDomain(domain)) return;
  const shown = JSON.stringify(domain.slice(0, 80));
  throw new DomainError(
    '_domain_invalid_name',
    `${shown} is no domain: it is written in lower case, an international one as xn--…; localhost is one too`,
  );
}
