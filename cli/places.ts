/** `p3do places`: the places that a person has entered, and what was said there since. docs/spec/friends.md#since-you-left */
import type { Command } from 'commander';
import { Profile } from '../client/profile/profile.ts';
import { heardFrom } from '../client/session/kept.ts';
import { type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { changeDrawer } from './person/drawer.ts';
import { unreadOf } from './person/homecoming.ts';
import { nameOf } from './person/show.ts';
import { talk } from './person/talk.ts';

/** Adds the options, the page and the action of `p3do places`. */
export function register(command: Command): void {
  withShared(command, 'how long to wait for the answer (60)')
    .addHelpText(
      'after',
      `
Membership is the person's, and lasts until p3do leave, whichever device entered. The list, and how far was read on
the device that read furthest, lie sealed at home: a new device learns both here.

Examples:
  $ p3do places
  $ p3do places --json`,
    )
    .action((options: Shared) =>
      talk(command, options, async (home) => {
        const profile = await Profile.open(await whoseOf(command, options.as));
        if (profile === null) return;
        const { kept } = profile;
        const lines = await changeDrawer(home, 'places', (before) => merged(before, kept));
        const read = new Map(
          (lines ?? []).map((line) => line.split(' ')).map(([place = '', at]) => [place, Number(at)]),
        );
        for (const [place, at] of read) {
          const unread = (await unreadOf(home, place, at))?.unread ?? null;
          const said = unread === null ? 'no member any more' : `${unread} since you left`;
          tell(options, { kind: 'place', place, read: at, unread }, `${nameOf(place)}: ${said}\n`);
        }
      }),
    );
}

/** What lies at home, with what this device has entered, left and read. */
function merged(lines: readonly string[], kept: Profile['kept']): string[] {
  const marks = new Map(lines.map((line) => line.split(' ')).map(([place = '', at]) => [place, Number(at)]));
  for (const [place, at] of heardFrom(kept).places) marks.set(place, Math.max(at, marks.get(place) ?? 0));
  for (const [place, at] of kept.speaking.entered) if (at === null) marks.delete(place);
  return [...marks].map(([place, at]) => `${place} ${at}`);
}
