/** One command of a person at a time: a file for each that wants to, named after its process. docs/spec/people.md#profile */
import { randomBytes } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { birthOf, isAlive } from '../../disk/process.ts';
import { profileLimits } from './limits.ts';

const PREFIX = 'lock';

/** What is locked: a channel, or for a moment the file of what is kept. */
export type Locked = 'main' | 'side' | 'state';

/** Ends the lock. */
export type Release = () => Promise<void>;

/**
 * Waits until no other living process has it. Each writes a file of its own first, and looks for others then: of two that
 * come at once one at least sees the other, and steps back. So a file that a dead process left can be taken away by anybody.
 * `waiting` is called once, with the process waited for. Once `patience` is aborted it waits no longer, and throws its AbortError.
 */
export async function lock(
  folder: string,
  what: Locked,
  waiting: (pid: number) => void,
  patience?: AbortSignal,
): Promise<Release> {
  const own = `${PREFIX}.${what}.${process.pid}.${birthOf(process.pid)}.${randomBytes(6).toString('hex')}`;
  const path = join(folder, own);
  let hasTold = false;
  for (;;) {
    let other = await holderOf(folder, what, own);
    if (other === null) {
      await (await open(path, 'wx', 0o600)).close();
      other = await holderOf(folder, what, own);
      if (other === null) return () => rm(path, { force: true });
      await rm(path, { force: true });
    }
    if (!hasTold && what !== 'state') waiting(other);
    hasTold = true;
    // Of two that step back, one comes back first.
    await pause(profileLimits.lockMs * (0.5 + randomBytes(1)[0]! / 256), undefined, { signal: patience });
  }
}

/** The process of another lock on the same; those of the dead are taken away. */
async function holderOf(folder: string, what: Locked, own: string): Promise<number | null> {
  let holder: number | null = null;
  for (const name of await readdir(folder)) {
    const [prefix, locked, pid, birth] = name.split('.');
    if (prefix !== PREFIX || locked !== what || name === own) continue;
    if (isAlive(Number(pid), birth ?? '')) holder = Number(pid);
    else await rm(join(folder, name), { force: true });
  }
  return holder;
}
