/** Where the domains of this machine are when nobody says. docs/operating.md#files-of-a-domain */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { isDomain } from '../../psyc/names.ts';
import { isRoot } from '../postgres/account.ts';
import { DomainError } from './errors.ts';

/** What of the environment says where. */
export type FolderEnvironment = {
  readonly P3DO_HOME?: string | undefined;
  readonly XDG_DATA_HOME?: string | undefined;
};

/** Holds `domains/`. root's home is closed to the user that PostgreSQL runs as, so root has another place. */
function homeFolder({ P3DO_HOME = '', XDG_DATA_HOME = '' }: FolderEnvironment): string {
  if (P3DO_HOME !== '') return resolve(P3DO_HOME);
  if (isRoot()) return '/var/lib/p3do';
  // The XDG base directory specification: one that is not absolute is to be ignored.
  return join(isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(homedir(), '.local', 'share'), 'p3do');
}

/** The folder of a domain. Throws DomainError `_domain_invalid_name`: what is no domain may lead out of the folder. */
export function domainFolder(domain: string, environment: FolderEnvironment = process.env): string {
  checkName(domain);
  return join(homeFolder(environment), 'domains', domain);
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
