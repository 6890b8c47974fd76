/** The folder that all of p3do's files on this machine are in: `domains/` and `people/`. docs/operating.md#files-of-a-domain */
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';

/** What decides: variables of the environment, and whether it is the machine's administrator. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly isRoot: boolean;
}

/** The process's own, or with another environment. */
export const surroundings = (env: Surroundings['env'] = process.env): Surroundings => ({
  env,
  isRoot: process.getuid?.() === 0,
});

/** Root's own home is closed to the user that PostgreSQL runs as, so root has another place. */
export function homeFolder({ env, isRoot }: Surroundings): string {
  const { P3DO_HOME = '', XDG_DATA_HOME = '', HOME = '' } = env;
  if (P3DO_HOME !== '') return resolve(P3DO_HOME);
  if (isRoot) return '/var/lib/p3do';
  // The XDG base directory specification: one that is not absolute is to be ignored.
  return join(isAbsolute(XDG_DATA_HOME) ? XDG_DATA_HOME : join(HOME || homedir(), '.local', 'share'), 'p3do');
}
