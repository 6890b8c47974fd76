/** How a town ends, and what those have left that could not. docs/operating.md#playground */
import { removeLeft } from '../../server/town/folder.ts';
import type { Screen } from './screen.ts';

/** Does one step after the other, whatever becomes of those before: nothing must be left. Throws what went wrong first. */
export async function inOrder(steps: readonly (() => unknown)[]): Promise<void> {
  const wrong: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (error) {
      wrong.push(error);
    }
  }
  if (wrong.length > 0) throw wrong[0];
}

/** What a killed one has left is removed, and told. */
export async function tidied(screen: Screen): Promise<void> {
  const { gone, kept } = await removeLeft();
  for (const folder of gone) screen.note(`removed what a killed p3do localserve had left: ${folder}`);
  for (const folder of kept) screen.note(`left for the next time, since something still runs in it: ${folder}`);
}
