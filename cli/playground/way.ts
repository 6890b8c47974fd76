/** The way of one onion, put together from what all servers of a playground say that they did. docs/operating.md#a-scene-about-onions */
import type { Deed } from '../../server/mor/deeds.ts';

/** What a server did, and when, in milliseconds of any clock. */
export interface Done extends Deed {
  readonly at: string;
  readonly ms: number;
}

/**
 * From the first server that took it out of an envelope to `to`, which handed it over: the last of so many layers in `done`; null:
 * none has come yet. Of an onion's layers each has another name, so only who knows them all can say which belong together. Of what
 * was under way before, as secrets that are fetched beside, the first steps are not in `done`: that is no way.
 */
export function wayOf(done: readonly Done[], to: string, layers: number): Done[] | null {
  const ends = done.filter(({ did, at }) => did === 'handed over' && at === to);
  const isWhole = (way: readonly Done[]): boolean =>
    way.length === 2 * layers && way.every(({ did }, index) => (did === 'unwrapped') === (index % 2 === 0));
  return ends.map((last) => stepsTo(last, done)).findLast(isWhole) ?? null;
}

function stepsTo(last: Done, done: readonly Done[]): Done[] {
  const way: Done[] = [];
  for (let step: Done | undefined = last; step !== undefined; ) {
    const { onion }: Done = step;
    const unwrapped = done.find((one) => one.did === 'unwrapped' && one.onion === onion);
    way.unshift(...(unwrapped === undefined ? [] : [unwrapped]), step);
    step = done.find((one) => one.next === onion && !way.includes(one));
  }
  return way;
}
