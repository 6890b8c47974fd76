/** The list of a person's places, and how far each was read, as it lies sealed at home. docs/spec/friends.md#since-you-left */
import type { Profile } from '../../client/profile/profile.ts';
import { heardFrom } from '../../client/session/kept.ts';
import { changeDrawer } from './drawer.ts';
import type { Talk } from './talk.ts';

/**
 * Puts into it what this device has entered, left and read, and gives what it says then: the furthest row of each place.
 * null: it was refused, and that has been told. Throws as `readDrawer`.
 */
export async function keepMarks(home: Talk, kept: Profile['kept']): Promise<ReadonlyMap<string, number> | null> {
  const lines = await changeDrawer(home, 'places', (before) => merged(before, kept));
  return lines === null ? null : new Map([...marksIn(lines)].filter(([, at]) => at >= 0));
}

const marksIn = (lines: readonly string[]): Map<string, number> =>
  new Map(lines.map((line) => line.split(' ')).map(([place = '', at]) => [place, Number(at)]));

/** So many places that were left stand in the list, the newest. */
const LEFT_MAX = 64;

/**
 * What lies at home, with what this device has entered, left and read. A place that was left stands there with the row of that, below 0: a device that has
 * not heard of it does not bring the place back, and one that left long ago does not end what began since.
 */
export function merged(lines: readonly string[], kept: Pick<Profile['kept'], 'speaking' | 'hearing'>): string[] {
  const marks = marksIn(lines);
  for (const [place, at] of heardFrom(kept).places) {
    const before = marks.get(place) ?? 0;
    if (before >= 0 || at > -before) marks.set(place, Math.max(at, before));
  }
  for (const [place, at] of kept.speaking.entered) {
    const row = kept.speaking.left.get(place);
    const before = marks.get(place) ?? 0;
    if (at !== null || (row !== undefined && before > row)) continue;
    marks.delete(place);
    if (row !== undefined) marks.set(place, Math.min(before, -row));
  }
  const left = [...marks].filter(([, at]) => at < 0);
  for (const [place] of left.slice(0, Math.max(0, left.length - LEFT_MAX))) marks.delete(place);
  return [...marks].map(([place, at]) => `${place} ${at}`);
}
