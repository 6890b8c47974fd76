/** `p3do block` and `p3do ignore`: from whom one wants to hear nothing, on all devices. docs/spec/friends.md#rules */
import type { Command } from 'commander';
import { complain, fail, type Shared, tell, withShared } from './person/conversation.ts';
import { changeDrawer, readDrawer } from './person/drawer.ts';
import { nameOf } from './person/show.ts';
import { talk } from './person/talk.ts';
import { personOrDomain } from './person/target.ts';

interface Options extends Shared {
  readonly undo?: true;
}

type Word = 'block' | 'ignore';

/** Adds the arguments, the page and the action of `p3do block`. */
export const block = {
  register: ruling(
    'block',
    'Whoever is blocked is refused, as if only friends might write. He sees your presence no more.',
  ),
};

/** The same of `p3do ignore`. */
export const ignore = {
  register: ruling(
    'ignore',
    'Whoever is ignored is answered as if it were kept, and it is dropped. He sees your presence no more.',
  ),
};

function ruling(word: Word, page: string): (command: Command) => void {
  return (command) => {
    withShared(
      command
        .argument('[who]', 'nick@domain, or a domain; without it, the list is shown', personOrDomain)
        .option('--undo', 'no more'),
      'how long to wait for the answer (60)',
    )
      .addHelpText(
        'after',
        `
${page}
Your home does so for all your devices; in places, where all hear all, p3do listen leaves out what he says.

Examples:
  $ p3do ${word} eve@e.example
  $ p3do ${word} spam.example
  $ p3do ${word} eve@e.example --undo
  $ p3do ${word}`,
      )
      .action((who: string | undefined, options: Options) => {
        if (who === undefined && options.undo === true) command.error('--undo needs a name');
        return talk(command, options, async (home) => {
          const isUndone = options.undo === true;
          if (who === home.person && !isUndone) {
            fail(command, options, '_input_invalid', `${nameOf(who)} is you (_input_invalid)`);
            return;
          }
          let was = false;
          const lines =
            who === undefined
              ? ((await readDrawer(home, 'rules'))?.lines ?? null)
              : await changeDrawer(home, 'rules', (before) => {
                  was = before.includes(`${word} ${nameIn(who)}`);
                  return changed(before, word, nameIn(who), isUndone);
                });
          if (lines === null) return;
          if (who === undefined) {
            const isEmpty = !lines.map((line) => list(options, word, line)).includes(true);
            if (isEmpty) complain(command, `nobody is ${done[word]}`);
            return;
          }
          const whom = who.includes('/~') ? nameOf(who) : `the domain ${nameIn(who)}`;
          const said = !isUndone ? `is ${done[word]}` : was ? `is ${done[word]} no more` : `was not ${done[word]}`;
          tell(options, { kind: word, who: nameIn(who), isUndone }, `${whom} ${said}\n`);
        });
      });
  };
}

const done: Readonly<Record<Word, string>> = { block: 'blocked', ignore: 'ignored' };

/** A person's uniform, or the name of a domain. */
const nameIn = (who: string): string => (who.includes('/~') ? who : who.slice('psyc://'.length));

/** One rule a name: the newest. */
function changed(lines: readonly string[], word: Word, who: string, isUndone: boolean): string[] {
  const others = lines.filter((line) => {
    const [before, name] = line.split(' ');
    return name !== who || before === 'strangers' || (isUndone && before !== word);
  });
  return isUndone ? others : [...others, `${word} ${who}`];
}

/** Whether the line is one of this list. */
function list(options: Shared, word: Word, line: string): boolean {
  const [rule, who = ''] = line.split(' ');
  if (rule === word) tell(options, { kind: word, who, isUndone: false }, `${nameOf(who)}\n`);
  return rule === word;
}
