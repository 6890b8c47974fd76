/** GnuPG, each time in a home of its own, at a time that is told. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Outcome, run } from '../house/fixture.ts';
import { needs, onPath } from '../needs.ts';

/** A `describe` for tests with GnuPG. */
export const withGpg = needs({ name: 'GnuPG', apt: 'gnupg', probe: () => onPath('gpg') && onPath('gpgconf') });

/** A home: `gpg` runs at `now` (Unix seconds), `file` puts bytes into a file there and gives its path. */
export type Gpg = {
  readonly gpg: (now: number, ...args: string[]) => Promise<Outcome>;
  readonly file: (name: string, bytes: Uint8Array | string) => string;
};

/** Runs `body` with a new home, and ends the agent that GnuPG left running for it. */
export async function inGpgHome<T>(body: (gpg: Gpg) => Promise<T>): Promise<T> {
  // Short: the agent's socket is in it, and a socket's path has 108 bytes.
  const home = mkdtempSync(join(realpathSync(tmpdir()), 'gpg'));
  const env = { GNUPGHOME: home, LC_ALL: 'C', TZ: 'UTC' };
  const gpg = (now: number, ...args: string[]): Promise<Outcome> =>
    run('gpg', ['--batch', '--no-tty', '--no-auto-check-trustdb', `--faked-system-time=${now}!`, ...args], { env });
  const file = (name: string, bytes: Uint8Array | string): string => {
    writeFileSync(join(home, name), bytes);
    return join(home, name);
  };
  try {
    return await body({ gpg, file });
  } finally {
    await run('gpgconf', ['--kill', 'all'], { env });
    rmSync(home, { recursive: true, force: true });
  }
}
