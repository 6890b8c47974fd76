/** As whom PostgreSQL runs: it refuses to be root, and another user must be able to reach its files. docs/spec/federation.md#store */
import { lstat, readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { StoreStartError } from './errors.ts';

/** A user and its group, by number. */
export interface Account {
  readonly uid: number;
  readonly gid: number;
}

/** In this order; PostgreSQL needs one that has an entry in /etc/passwd. */
const names = ['postgres', 'nobody'];

/** Whether this process may become another user. */
export const isRoot = (): boolean => process.getuid?.() === 0;

/** The account that PostgreSQL runs as when we are root; null when it runs as ourselves. */
export async function accountFor(): Promise<Account | null> {
  if (!isRoot()) return null;
  const lines = (await readFile('/etc/passwd', 'utf8')).split('\n').map((line) => line.split(':'));
  for (const name of names) {
    const [, , uid, gid] = lines.find(([user]) => user === name) ?? [];
    if (uid !== undefined && gid !== undefined) return { uid: Number(uid), gid: Number(gid) };
  }
  throw new StoreStartError(
    '_store_no_account',
    `PostgreSQL does not run as root, and there is no user ${names.join(' or ')}: add one, or start as an ordinary user`,
  );
}

/** Whether a folder with this owner and mode may be entered. */
function mayEnter({ uid, gid }: Account, folder: { uid: number; gid: number; mode: number }): boolean {
  if (folder.uid === uid) return (folder.mode & 0o100) !== 0;
  return (folder.mode & (folder.gid === gid ? 0o010 : 0o001)) !== 0;
}

/** The folder on the way to `path`, from the root, that `account` may not enter; null if it gets there. */
export async function blockingFolder(path: string, account: Account): Promise<string | null> {
  const folders: string[] = [];
  for (let at = resolve(path); ; at = dirname(at)) {
    folders.unshift(at);
    if (at === dirname(at)) break;
  }
  for (const folder of folders) {
    const found = await stat(folder).catch(() => null);
    // What is not there yet will be made, by us and for the account.
    if (found === null) return (await lstat(folder).catch(() => null)) === null ? null : folder;
    if (found.isDirectory() && !mayEnter(account, found)) return folder;
  }
  return null;
}
