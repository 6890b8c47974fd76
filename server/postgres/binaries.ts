/** Finds a PostgreSQL on this machine: configured, on the PATH, Debian's, or npm's. docs/spec/federation.md#store */
import { execFile } from 'node:child_process';
import { access, constants, readdir, realpath } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { packagedBinaries } from './binaries-npm.ts';
import { StoreStartError } from './errors.ts';
import { majorMin } from './settings.ts';

const run = promisify(execFile);

/** A folder with `postgres` and `initdb` of one version. */
export interface Binaries {
  readonly folder: string;
  readonly major: number;
  /** From an npm package: may be copied to where another user can run them. */
  readonly isPackaged: boolean;
}

/** Where Debian and its kin put each version. */
const DEBIAN = '/usr/lib/postgresql';

async function has(folder: string, program: string): Promise<boolean> {
  return access(join(folder, program), constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function binariesIn(folder: string, isPackaged = false): Promise<Binaries | null> {
  if (!(await has(folder, 'postgres')) || !(await has(folder, 'initdb'))) return null;
  const { stdout } = await run(join(folder, 'postgres'), ['--version']).catch(() => ({ stdout: '' }));
  const major = Number(/\(PostgreSQL\) (\d+)/.exec(stdout)?.[1] ?? 0);
  return major >= majorMin ? { folder, major, isPackaged } : null;
}

/** Folders that may hold binaries, the preferred first; npm's is asked for last, since it may have to be repaired. */
async function* folders(configured: string | undefined): AsyncGenerator<{ folder: string; isPackaged: boolean }> {
  if (configured !== undefined) yield { folder: configured, isPackaged: false };
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder === '' || !(await has(folder, 'postgres'))) continue;
    // A link on the PATH leads to a folder where initdb lies beside.
    yield { folder: dirname(await realpath(join(folder, 'postgres'))), isPackaged: false };
  }
  const versions = await readdir(DEBIAN).catch(() => []);
  for (const version of versions.sort((a, b) => Number(b) - Number(a)))
    yield { folder: join(DEBIAN, version, 'bin'), isPackaged: false };
  const packaged = await packagedBinaries();
  if (packaged !== null) yield { folder: packaged, isPackaged: true };
}

/**
 * The first binaries whose major version is `major`, or the first at all if `major` is null. `configured` is a folder that
 * is tried before all others. Throws StoreStartError `_store_other_version` or `_store_no_binary` if there are none.
 */
export async function findBinaries(configured: string | undefined, major: number | null): Promise<Binaries> {
  const others = new Set<number>();
  for await (const { folder, isPackaged } of folders(configured)) {
    const binaries = await binariesIn(folder, isPackaged);
    if (binaries === null && folder === configured) {
      throw new StoreStartError(
        '_store_no_binary',
        `${folder} holds no postgres and initdb of version ${majorMin} or newer: configure the folder that does, or none`,
      );
    }
    if (binaries === null) continue;
    if (major === null || binaries.major === major) return binaries;
    others.add(binaries.major);
  }
  if (others.size === 0) {
    throw new StoreStartError(
      '_store_no_binary',
      `no PostgreSQL ${majorMin} or newer was found: install your system's postgresql, or run npm install with optional packages`,
    );
  }
  throw new StoreStartError(
    '_store_other_version',
    `the store's data is PostgreSQL ${major}'s and here is only ${[...others].join(' and ')}: install PostgreSQL ${major}, ` +
      'once more or for `p3do store upgrade`',
  );
}
