/** A database cluster's folders: where they are, who owns them, and how they come to be. docs/spec/federation.md#store */
import { execFile } from 'node:child_process';
import { chmod, chown, mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { ClientConfig } from 'pg';
import { type Account, accountFor, blockingFolder } from './account.ts';
import { type Binaries, findBinaries } from './binaries.ts';
import { copyBinaries } from './binaries-npm.ts';
import { reasonOf, StoreStartError } from './errors.ts';

const run = promisify(execFile);

/** Bytes of a unix socket's path, as the kernel has room for them. */
const SOCKET_PATH_BYTES_MAX = 107;

/** The number in the socket's name; nothing listens on TCP. */
export const PORT = 5432;

/** The database user; whoever gets into the socket's folder is this user. */
const USER = 'p3do';

/** Everything about one cluster that does not change while it runs. */
export interface Cluster {
  /** Ours: holds the others. */
  readonly folder: string;
  readonly data: string;
  readonly socket: string;
  /** Folder of the programs, where `account` can run them. */
  readonly programs: string;
  readonly account: Account | null;
}

/** How to reach a cluster. */
export const reach = ({ socket }: Pick<Cluster, 'socket'>): ClientConfig => ({
  host: socket,
  port: PORT,
  user: USER,
  database: 'postgres',
});

/** The major version that made a data folder; null if none did. */
export async function majorOf(data: string): Promise<number | null> {
  const text = await readFile(join(data, 'PG_VERSION'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

/** A folder that only `account` may enter. */
async function privateFolder(path: string, account: Account | null): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  await chmod(path, 0o700);
  if (account !== null) await chown(path, account.uid, account.gid);
}

async function initialise({ folder, data, programs, account }: Cluster): Promise<void> {
  // In a folder of its own until it is whole: a death in the middle leaves nothing that looks like data.
  const partial = `${data}.partial`;
  await rm(partial, { recursive: true, force: true });
  await privateFolder(partial, account);
  const options = ['-U', USER, '--auth-local=trust', '--auth-host=reject', '-E', 'UTF8', '--locale=C', '-k'];
  await run(join(programs, 'initdb'), ['-D', partial, ...options], { cwd: folder, ...account }).catch(
    (error: unknown) => {
      const said = (error as { stderr?: string }).stderr ?? reasonOf(error);
      const reason = said.trim().split('\n').join('; ');
      throw new StoreStartError('_store_initdb', `PostgreSQL's initdb failed in ${folder}: ${reason}`, error);
    },
  );
  await rename(partial, data).catch((error: unknown) => {
    throw new StoreStartError('_store_initdb', `${data} is there and no PostgreSQL's: ${reasonOf(error)}`, error);
  });
}

/** Throws `_store_blocked_folder` if `account` cannot get to `path`. */
async function mustReach(path: string, account: Account | null): Promise<void> {
  const blocking = account === null ? null : await blockingFolder(path, account);
  if (blocking === null) return;
  throw new StoreStartError(
    '_store_blocked_folder',
    `PostgreSQL, as user ${account?.uid}, may not enter ${blocking} on the way to ${path}: ` +
      `configure another folder (/var/lib/p3do), or chmod o+x ${blocking}`,
  );
}

async function programsFor(binaries: Binaries, folder: string, account: Account | null): Promise<string> {
  if (account === null) return binaries.folder;
  const blocking = await blockingFolder(binaries.folder, account);
  if (blocking === null || !binaries.isPackaged) {
    await mustReach(binaries.folder, account);
    return binaries.folder;
  }
  return copyBinaries(join(folder, 'programs'));
}

/**
 * The cluster below `folder`, which the caller has taken; made if it is not there, with programs of the version that made it: `configured` if they fit,
 * else what is found. Throws StoreStartError with a sentence on what stands in the way.
 */
export async function openCluster(folder: string, configured?: string): Promise<Cluster> {
  return prepare(folder, async (data, major) => {
    if (major === null && (await majorOf(oldData(data))) !== null) {
      throw new StoreStartError(
        '_store_upgrade',
        `an upgrade of ${data} was interrupted, ${oldData(data)} holds everything: run \`p3do store upgrade\` again`,
      );
    }
    return findBinaries(configured, major);
  });
}

/** Where an upgrade keeps the data as it was. */
export const oldData = (data: string): string => `${data}.old`;

/** Where the socket of the cluster below `root` is. Throws `_store_long_socket_path` if the kernel has no room for its path. */
export function socketFolderOf(root: string): string {
  const socket = join(root, 'socket');
  const bytes = Buffer.byteLength(join(socket, `.s.PGSQL.${PORT}`));
  if (bytes <= SOCKET_PATH_BYTES_MAX) return socket;
  throw new StoreStartError(
    '_store_long_socket_path',
    `the path of the store's socket has ${bytes} bytes, ${SOCKET_PATH_BYTES_MAX} are possible: configure a shorter folder than ${root}`,
  );
}

/**
 * The account that PostgreSQL would run as with its cluster in this folder, which need not be there yet; nothing is made.
 * Throws StoreStartError `_store_long_socket_path`, `_store_no_account`, `_store_blocked_folder`.
 */
export async function checkFolder(folder: string): Promise<Account | null> {
  const root = resolve(folder);
  socketFolderOf(root);
  const account = await accountFor();
  await mustReach(root, account);
  return account;
}

/** As `openCluster`, with programs of the caller's choice for the data's major version. */
export async function prepare(
  folder: string,
  choose: (data: string, major: number | null) => Promise<Binaries>,
): Promise<Cluster> {
  const root = resolve(folder);
  const socket = socketFolderOf(root);
  const account = await checkFolder(root);
  try {
    await mkdir(root, { recursive: true, mode: 0o755 });
    await privateFolder(socket, account);
  } catch (error) {
    throw new StoreStartError('_store_blocked_folder', `the store cannot use ${root}: ${reasonOf(error)}`, error);
  }
  await mustReach(root, account);
  const data = join(root, 'data');
  const major = await majorOf(data);
  const programs = await programsFor(await choose(data, major), root, account);
  const cluster: Cluster = { folder: root, data, socket, programs, account };
  if (major === null) await initialise(cluster);
  return cluster;
}
