/** Files that nobody else may read, on disk before anybody is told. docs/spec/pki.md#files */
import { randomBytes } from 'node:crypto';
import { type FileHandle, link, mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { FileError } from './errors.ts';

const OTHERS = 0o077;
// Windows has no such bits; Node makes them up there.
const hasModes = process.platform !== 'win32';

/** Makes the entry of a file or folder durable: what is synced is the folder that it is in. System errors pass. */
export async function syncEntry(path: string): Promise<void> {
  // A folder cannot be opened for this on Windows, which needs it not.
  if (!hasModes) return;
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * Makes a folder of this mode with all above it, durably; one that is there stays as it is. System errors pass. Not by
 * `recursive`, which never ends where a file system lets nobody make folders (/proc).
 */
export async function makeFolder(path: string, mode: number): Promise<void> {
  const missing: string[] = [];
  let at = resolve(path);
  while (!(await isFolder(at))) {
    missing.push(at);
    at = dirname(at);
  }
  for (const folder of missing.reverse()) {
    try {
      await mkdir(folder, { mode });
    } catch (error) {
      // Somebody else was faster.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || !(await isFolder(folder))) throw error;
    }
    await syncEntry(folder);
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/**
 * Writes a file of mode 0600, whole or not at all, and durably. A new one must not exist yet: FileError
 * `_existing_file`. System errors pass.
 */
export async function writePrivate(path: string, bytes: Uint8Array, kind: 'new' | 'replace'): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    const file = await open(draft, 'wx', 0o600);
    await write(file, bytes);
    if (kind === 'replace') await rename(draft, path);
    else await link(draft, path);
    await syncEntry(path);
  } catch (error) {
    if (kind !== 'new' || (error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    throw new FileError('_existing_file', `${path} exists, and is not overwritten`);
  } finally {
    await rm(draft, { force: true });
  }
}

/** Adds to the end of such a file in one write, durably; others may add at the same time. System errors pass. */
export async function appendPrivate(path: string, bytes: Uint8Array): Promise<void> {
  await write(await open(path, 'a', 0o600), bytes);
}

/** For reading and writing in place; made, durably, where it is not there. System errors pass. */
export async function openPrivate(path: string): Promise<FileHandle> {
  // Not `a+`, by which everything is written at the end.
  await (await open(path, 'a', 0o600)).close();
  await syncEntry(path);
  return open(path, 'r+');
}

async function write(file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Reads such a file, of so many bytes at most. Throws FileError `_exposed_file`, `_oversized_file`; system errors pass. */
export async function readPrivate(path: string, bytesMax: number): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { mode, size } = await file.stat();
    if (hasModes && (mode & OTHERS) !== 0) {
      throw new FileError('_exposed_file', `others may read ${path}: chmod 600, and think whether they did`);
    }
    if (size > bytesMax) throw new FileError('_oversized_file', `${path} has over ${bytesMax} bytes`);
    return new Uint8Array(await file.readFile());
  } finally {
    await file.close();
  }
}
