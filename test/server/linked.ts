/** Servers of a test that have built their links to each other. */
import { setTimeout as wait } from 'node:timers/promises';
import type { Undoing } from '../undoing.ts';

/** Asks by `status`, which gives what `p3do federate onions --json` writes, until so many links stand and contexts are known; the test's own time ends it, and what is undone then. */
export async function linked(undoing: Undoing, status: () => Promise<string>, wanted: number): Promise<void> {
  let [isOver, isLinked] = [false, false];
  let out = '';
  // Who waits in vain is told for what when all is undone.
  undoing.add(() => {
    isOver = true;
    return isLinked ? Promise.resolve() : Promise.reject(new Error(`not linked to ${wanted}: ${out}`));
  });
  while (!isOver) {
    out = await status();
    const told = out === '' ? null : (JSON.parse(out) as { links: number; contexts: number; stations: number });
    if (told?.links === wanted && told.contexts === wanted && told.stations === wanted) {
      isLinked = true;
      return;
    }
    await wait(200);
  }
}
