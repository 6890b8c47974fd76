/** `p3do notify`: of which people and places one wants to hear everything, what mentions one, or nothing. docs/spec/friends.md#aliases-and-filters */
import { type Command, InvalidArgumentError } from 'commander';
import { complain, type Shared, tell, withShared } from './person/conversation.ts';
import { changeDrawer, readDrawer } from './person/drawer.ts';
import { levels } from './person/filters.ts';
import { nameOf } from './person/show.ts';
import { talk } from './person/talk.ts';
import { target as targetArgument } from './person/target.ts';

/** Adds the arguments, the page and the action of `p3do notify`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('[target]', '@place@domain or nick@domain; without it, the list is shown', targetArgument)
      .argument('[level]', levels.join(', '), (text: string) => {
        if ((levels as readonly string[]).includes(text)) return text;
        throw new InvalidArgumentError(`It takes ${levels.join(', ')}.`);
      }),
    'how long to wait for the answer (60)',
  )
    .addHelpText(
      'after',
      `
p3do listen leaves out what is not wanted, and says at its end how much that was; p3do listen --all shows it. A
mention is your nick as a word. What is set here lies sealed at home, for all your devices.

Examples:
  $ p3do notify @hall@b.example mentions
  $ p3do notify bob@b.example none
  $ p3do notify @hall@b.example all
  $ p3do notify`,
    )
    .action((target: string | undefined, level: string | undefined, options: Shared) => {
      if (target !== undefined && level === undefined) command.error(`it takes a level: ${levels.join(', ')}`);
      return talk(command, options, async (home) => {
        const others = (lines: readonly string[]): string[] => lines.filter((line) => line.split(' ')[0] !== target);
        const added = level === 'all' ? [] : [`${target} ${level}`];
        const lines =
          target === undefined
            ? ((await readDrawer(home, 'filters'))?.lines ?? null)
            : await changeDrawer(home, 'filters', (before) => [...others(before), ...added]);
        if (lines === null) return;
        if (target === undefined && lines.length === 0)
          complain(command, 'everything is shown, of everybody and every place');
        for (const line of target === undefined ? lines : [`${target} ${level}`]) {
          const [name = '', wanted = ''] = line.split(' ');
          tell(options, { kind: 'notify', target: name, level: wanted }, `${nameOf(name)}: ${wanted}\n`);
        }
      });
    });
}
