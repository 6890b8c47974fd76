/** One command of a person at a time: a file for each that wants to, named after its process. docs/spec/people.md#profile */
import { randomBytes } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { birthOf, isAlive } from '../../disk/process.ts';
import { profileLimits } from './limits.ts';

const PREFIX = 'lock';
/** Of the files of those who wait for what another gives up when it is wanted. */
const WAITING = 'wait';

/** What is locked: a channel, the stock of secrets, or for a moment the file of what is kept. */
export type Locked = 'main' | 'side' | 'stock' | 'state';

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
  const name = `${what}.${process.pid}.${birthOf(process.pid)}.${randomBytes(6).toString('hex')}`;
  const own = `${PREFIX}.${name}`;
  const path = join(folder, own);
  const wish = join(folder, `${WAITING}.${name}`);
  let hasTold = false;
  try {
    for (;;) {
      let other = await processOf(folder, PREFIX, what, own);
      if (other === null) {
        await (await open(path, 'wx', 0o600)).close();
        other = await processOf(folder, PREFIX, what, own);
        if (other === null) return () => rm(path, { force: true });
        await rm(path, { force: true });
      }
      if (!hasTold && what !== 'state') {
        await (await open(wish, 'wx', 0o600)).close();
        waiting(other);
      }
      hasTold = true;
      // Of two that step back, one comes back first.
      await pause(profileLimits.lockMs * (0.5 + randomBytes(1)[0]! / 256), undefined, { signal: patience });
    }
  } finally {
    await rm(wish, { force: true });
  }
}

/** Whether a living process has it. */
export const isHeld = async (folder: string, what: Locked): Promise<boolean> =>
  (await processOf(folder, PREFIX, what, '')) !== null;

/** Whether another process waits for it: whoever can do without gives it up. */
export const isWaitedFor = async (folder: string, what: Locked): Promise<boolean> =>
  (await processOf(folder, WAITING, what, '')) !== null;

/** The process of another such file; those of the dead are taken away. */
async function processOf(folder: string, kind: string, what: Locked, own: string): Promise<number | null> {
  let holder: number | null = null;
  for (const name of await readdir(folder)) {
    const [prefix, locked, pid, birth] = name.split('.');
    if (prefix !== kind || locked !== what || name === own) continue;
    if (isAlive(Number(pid), birth ?? '')) holder = Number(pid);
    else await rm(join(folder, name), { force: true });
  }
  return holder;
}
