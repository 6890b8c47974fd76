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
  return lines === null ? null : marksIn(lines);
}

const marksIn = (lines: readonly string[]): Map<string, number> =>
  new Map(lines.map((line) => line.split(' ')).map(([place = '', at]) => [place, Number(at)]));

/** What lies at home, with what this device has entered, left and read. */
function merged(lines: readonly string[], kept: Profile['kept']): string[] {
  const marks = marksIn(lines);
  for (const [place, at] of heardFrom(kept).places) marks.set(place, Math.max(at, marks.get(place) ?? 0));
  for (const [place, at] of kept.speaking.entered) if (at === null) marks.delete(place);
  return [...marks].map(([place, at]) => `${place} ${at}`);
}
