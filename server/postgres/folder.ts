/** One server at a time in one folder: whoever has it listens on a socket there, and stops listening when it dies. docs/spec/federation.md#store */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { link, mkdir, readdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { socketFolderOf } from './cluster.ts';
import { reasonOf, StoreStartError } from './errors.ts';

/** Lets go of a folder. */
export type Release = () => Promise<void>;

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** The highest number that a lock has, 0 if there is none; and those below it. */
async function numbersIn(locks: string): Promise<{ newest: number; older: number[] }> {
  const numbers = (await readdir(locks)).filter((name) => /^\d+$/.test(name)).map(Number);
  const newest = Math.max(0, ...numbers);
  return { newest, older: numbers.filter((number) => number < newest) };
}

/** Whether a process listens on a socket. Only the system's word that nobody does counts as no. */
async function isHeld(path: string): Promise<boolean> {
  const socket = connect(path);
  try {
    await once(socket, 'connect');
    return true;
  } catch (error) {
    return !['ECONNREFUSED', 'ENOENT'].includes(codeOf(error) ?? '');
  } finally {
    socket.destroy();
  }
}

/**
 * Gives our socket the number after the newest. A name is given by `link`, which is atomic and fails where there is one, and
 * the newest is never removed, not even when its process is dead: so no two can take the same dead lock for theirs.
 */
async function enter(own: string, locks: string, folder: string): Promise<void> {
  for (;;) {
    const { newest } = await numbersIn(locks);
    if (newest > 0 && (await isHeld(join(locks, `${newest}`)))) {
      throw new StoreStartError(
        '_store_in_use',
        `another server works in ${folder}: stop it, or configure another folder`,
      );
    }
    const ours = join(locks, `${newest + 1}`);
    const isNew = await link(own, ours).then(
      () => true,
      (error: unknown) => {
        if (codeOf(error) === 'EEXIST') return false;
        throw error;
      },
    );
    if (!isNew) continue;
    const now = await numbersIn(locks);
    if (now.newest === newest + 1) {
      for (const number of now.older) await rm(join(locks, `${number}`), { force: true });
      return;
    }
    // We were so slow that our number had been given and removed before: it counts for nothing.
    await rm(ours, { force: true });
  }
}

/**
 * Takes a folder, which is made if it is not there, until it is released or this process ends. Throws StoreStartError:
 * `_store_in_use` if another process has it, or this one already.
 */
export async function takeFolder(path: string): Promise<Release> {
  const folder = resolve(path);
  // The socket here has a shorter path.
  socketFolderOf(folder);
  const locks = join(folder, 'lock');
  const own = join(locks, `.${randomBytes(4).toString('hex')}`);
  const server = createServer((socket) => socket.destroy());
  const release: Release = async () => new Promise((done) => server.close(() => done()));
  try {
    await mkdir(folder, { recursive: true, mode: 0o755 });
    await mkdir(locks, { recursive: true, mode: 0o700 });
    server.listen(own);
    await once(server, 'listening');
    server.unref();
    await enter(own, locks, folder);
    await rm(own, { force: true });
    return release;
  } catch (error) {
    await release();
    if (error instanceof StoreStartError) throw error;
    throw new StoreStartError('_store_blocked_folder', `the store cannot use ${folder}: ${reasonOf(error)}`, error);
  }
}
