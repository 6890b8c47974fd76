/** `p3do places`: the places that a person has entered, and what was said there since. docs/spec/friends.md#since-you-left */
import type { Command } from 'commander';
import { Profile } from '../client/profile/profile.ts';
import { complain, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { unreadOf } from './person/homecoming.ts';
import { keepMarks } from './person/marks.ts';
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
        const marks = await keepMarks(home, profile.kept);
        if (marks?.size === 0)
          complain(command, 'you are a member of no place: p3do enter @hall@b.example makes you one');
        for (const [place, at] of marks ?? []) {
          const unread = (await unreadOf(home, place, at))?.unread ?? null;
          const said = unread === null ? 'no member any more' : `${unread} since you left`;
          tell(options, { kind: 'place', place, read: at, unread }, `${nameOf(place)}: ${said}\n`);
        }
      }),
    );
}
