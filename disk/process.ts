/** Whether the process lives that a file was named after; numbers of processes are used again. docs/spec/people.md#profile */
import { readFileSync } from 'node:fs';

/** When a process began, in the kernel's clock ticks. '' where that is not to be had. */
export function birthOf(pid: number): string {
  try {
    // proc(5): the name in parentheses may hold anything.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}

/** Whether it lives; `birth` is its `birthOf`. */
export function isAlive(pid: number, birth: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Somebody else's process lives as well.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const known = birthOf(pid);
  return birth === '' || known === '' || known === birth;
}
