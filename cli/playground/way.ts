/** The way of one onion, put together from what all servers of a playground say that they did. docs/operating.md#a-scene-about-onions */
import type { Deed } from '../../server/mor/deeds.ts';

/** What a server did, and when, in milliseconds of any clock. */
export interface Done extends Deed {
  readonly at: string;
  readonly ms: number;
}

/**
 * From the first server that took it out of an envelope to the one that handed it over, which is the last of those in `done` that
 * did so; null: none has yet. Of an onion's layers each has another name, so only who knows them all can say which belong together.
 */
export function wayOf(done: readonly Done[]): Done[] | null {
  const last = done.findLast(({ did }) => did === 'handed over');
  if (last === undefined) return null;
  const way: Done[] = [];
  for (let step: Done | undefined = last; step !== undefined; ) {
    const { onion }: Done = step;
    const unwrapped = done.find((one) => one.did === 'unwrapped' && one.onion === onion);
    way.unshift(...(unwrapped === undefined ? [] : [unwrapped]), step);
    step = done.find((one) => one.next === onion && !way.includes(one));
  }
  return way;
}
