/** The folder of a town, gone with its process; and those that killed towns have left. docs/operating.md#playground */
import { lstat, mkdtemp, chmod, readdir, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { birthOf, isAlive } from '../../disk/process.ts';
import { isRoot } from '../postgres/account.ts';
import { StoreStartError } from '../postgres/errors.ts';
import { takeFolder } from '../postgres/folder.ts';
import { stopLeft } from '../postgres/postmaster.ts';
import { townLimits } from './limits.ts';

/** The process's number, and when it began: who is dead has left it. Six letters are `mkdtemp`'s. */
const named = /^p3do-town-([1-9][0-9]*)-([0-9]*)-[A-Za-z0-9]{6}$/;

/** What a folder's path may be long, so that the socket of a database in it has a path that the kernel takes. */
const PATH_BYTES_MAX = 50;

/** Where such folders are: the usual place; where its path is too long, another. */
async function places(): Promise<string[]> {
  const usual = await realpath(tmpdir());
  if (process.platform === 'win32') return [usual];
  return [...new Set([usual, await realpath('/tmp').catch(() => usual)])];
}

/** Makes the folder, named after this process. As root others may pass through: PostgreSQL is another user. */
export async function makeTownFolder(): Promise<string> {
  const name = `p3do-town-${process.pid}-${birthOf(process.pid)}-`;
  const [usual = '', other = usual] = await places();
  const isShort = Buffer.byteLength(join(usual, `${name}xxxxxx`)) <= PATH_BYTES_MAX;
  const folder = await mkdtemp(join(isShort ? usual : other, name));
  await chmod(folder, isRoot() ? 0o711 : 0o700);
  return folder;
}

/** The data folders' parents of all databases in a town's folder. */
async function storesIn(folder: string): Promise<string[]> {
  const domains = join(folder, 'domains');
  const names = await readdir(domains).catch(() => []);
  const found = await Promise.all(
    names.map(async (name) => {
      const store = join(domains, name, 'postgres');
      return (await lstat(store).catch(() => null))?.isDirectory() === true ? [store] : [];
    }),
  );
  return found.flat();
}

/** Ends a database whose server is dead. A server that lives is ending by itself, and has a while for it. */
async function endStore(store: string): Promise<void> {
  for (let waitedMs = 0; ; waitedMs += 50) {
    try {
      const release = await takeFolder(store);
      try {
        await stopLeft(join(store, 'data'));
      } finally {
        await release();
      }
      return;
    } catch (error) {
      const isInUse = error instanceof StoreStartError && error.code === '_store_in_use';
      if (!isInUse || waitedMs >= townLimits.leftMsMax) throw error;
      await pause(50);
    }
  }
}

/** Removes a town's folder, when its servers are dead; ends the databases that they have left. Throws what stands in the way. */
export async function removeTownFolder(folder: string): Promise<void> {
  await Promise.all((await storesIn(folder)).map(endStore));
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

/** Whether a folder was made by a process of this user's that is dead. */
async function isLeft(folder: string): Promise<boolean> {
  const [, pid, birth] = named.exec(basename(folder)) ?? [];
  if (pid === undefined || isAlive(Number(pid), birth ?? '')) return false;
  const found = await lstat(folder).catch(() => null);
  return found?.isDirectory() === true && found.uid === (process.getuid?.() ?? found.uid);
}

/**
 * Removes what towns have left that were killed; gives the folders that are gone, and those that are still there. Touches no
 * folder but those that such a process of this user has made.
 */
export async function removeLeft(): Promise<{ readonly gone: string[]; readonly kept: string[] }> {
  const [gone, kept]: string[][] = [[], []];
  for (const place of await places()) {
    for (const name of await readdir(place).catch(() => [])) {
      const folder = join(place, name);
      if (!(await isLeft(folder))) continue;
      await removeTownFolder(folder).then(
        () => gone!.push(folder),
        () => kept!.push(folder),
      );
    }
  }
  return { gone: gone!, kept: kept! };
}
