/** `p3do alias`: names of one's own for people, which nobody else sees. docs/spec/friends.md#aliases-and-filters */
import { type Command, InvalidArgumentError } from 'commander';
import { writeAliases } from '../client/profile/aliases-file.ts';
import { complain, type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { changeDrawer, readDrawer } from './person/drawer.ts';
import { nameOf } from './person/show.ts';
import { talk } from './person/talk.ts';
import { person as personArgument } from './person/target.ts';

interface Options extends Shared {
  readonly remove?: true;
}

/** Adds the arguments, the page and the action of `p3do alias`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('[alias]', 'a name of small letters, digits, - and _', aliasArgument)
      .argument('[who]', 'nick@domain', personArgument)
      .option('--remove', 'no more'),
    'how long to wait for the answer (60)',
  )
    .addHelpText(
      'after',
      `
An alias stands for a person wherever a command takes one: it has no @, and no name of somebody is without. What is
heard from him is shown with the alias in quotes before his name, never instead of it. Aliases lie sealed at home,
so that the server does not learn them; all your devices have them, once they have run this command or p3do listen.

Examples:
  $ p3do alias mum zoe@b.example
  $ p3do say mum Hello
  $ p3do alias
  $ p3do alias mum --remove`,
    )
    .action((alias: string | undefined, who: string | undefined, options: Options) => {
      const isChange = alias !== undefined && (options.remove === true) !== (who !== undefined);
      if (!isChange && (alias ?? who ?? options.remove) !== undefined)
        command.error('it takes an alias and a person, or an alias and --remove');
      return talk(command, options, async (home) => {
        const { folder } = await whoseOf(command, options.as);
        let was: string | undefined;
        const others = (lines: readonly string[]): string[] => lines.filter((line) => line.split(' ')[0] !== alias);
        const lines = isChange
          ? await changeDrawer(home, 'aliases', (before) => {
              was = before.find((line) => line.split(' ')[0] === alias)?.split(' ')[1];
              return [...others(before), ...(who === undefined ? [] : [`${alias} ${who}`])];
            })
          : ((await readDrawer(home, 'aliases'))?.lines ?? null);
        if (lines === null) return;
        await writeAliases(folder, lines);
        for (const line of isChange ? [] : lines) {
          const [name = '', whom = ''] = line.split(' ');
          tell(options, { kind: 'alias', alias: name, who: whom }, `${name}: ${nameOf(whom)}\n`);
        }
        if (!isChange && lines.length === 0) complain(command, 'no aliases: p3do alias mum zoe@b.example makes one');
        if (!isChange) return;
        tell(options, { kind: 'alias', alias, who: who ?? null, was: was ?? null }, changedLine(alias, who, was));
      });
    });
}

/** What is said of a change; `was`: whom the alias stood for before. */
function changedLine(alias: string, who: string | undefined, was: string | undefined): string {
  if (who === undefined) return was === undefined ? `${alias} was no alias\n` : `${alias} is no alias any more\n`;
  const before = was === undefined || was === who ? '' : `, and not ${nameOf(was)} any more`;
  return `${alias} is ${nameOf(who)}${before}\n`;
}

function aliasArgument(text: string): string {
  if (/^[a-z][a-z0-9_-]{0,31}$/.test(text)) return text;
  throw new InvalidArgumentError('It takes small letters, digits, - and _, 32 at most.');
}
