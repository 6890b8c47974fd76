/** Whether the process lives that a file was named after; numbers of processes are used again. docs/spec/people.md#profile */
import { readFileSync } from 'node:fs';

/** What proc(5) says of a process, from its state on; nothing where that is not to be had. */
function statOf(pid: number): string[] {
  try {
    // The name in parentheses may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** When a process began, in the kernel's clock ticks. '' where that is not to be had. */
export const birthOf = (pid: number): string => statOf(pid)[19] ?? '';

/** Whether it lives; `birth` is its `birthOf`. */
export function isAlive(pid: number, birth: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process lives as well.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const stat = statOf(pid);
  // Dead, and not buried yet.
  if (stat[0] === 'Z' || stat[0] === 'X') return false;
  const known = stat[19] ?? '';
  return birth === '' || known === '' || known === birth;
}
