/** `p3do publish`: something for everybody who follows this person, and how many servers keep it. docs/spec/feeds.md#publishing */
import { buffer } from 'node:stream/consumers';
import type { Command } from 'commander';
import type { Profile } from '../client/profile/profile.ts';
import { contentOf } from '../client/session/carried.ts';
import { textOf } from '../client/session/pending.ts';
import { feedOf } from '../client/session/words.ts';
import {
  type Shared,
  complain,
  converse,
  fail,
  registered,
  tell,
  unanswered,
  whoseOf,
  withShared,
} from './person/conversation.ts';
import { reached } from './person/reach.ts';
import { Talk } from './person/talk.ts';
import { count } from './person/target.ts';
import { textIn } from './person/text.ts';
import { type Through, throughOption } from './person/ways.ts';

interface Options extends Shared, Through {
  readonly reach?: number;
}

/** The publication's number; what is asked has numbers of its own, from 1 on. */
const SAID = 0;

/** Adds the arguments, the page and the action of `p3do publish`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('<text...>', 'what to publish; - reads it on standard input, less one line feed at its end')
      .option('--reach <servers>', 'wait until so many servers keep it', count),
    'how long to wait for the answer (60)',
  )
    .addOption(throughOption())
    .addHelpText(
      'after',
      `
Publishes it in your name, signed by this device, for everybody who follows you (p3do follow), on whatever
server. It is public. It prints where it is stored once it is: then it is not lost any more. Where your own server does not answer,
another one takes it (p3do servers), passes it on to all others, and gives it to yours when that is back. Where no
answer comes in time the exit code is 1; what was published by then is published again by the next command, the very same.

Examples:
  $ p3do publish Good morning
  $ p3do publish --through c.example --reach 2 - < article`,
    )
    .action(async (words: string[], options: Options) => {
      const isRead = words.length === 1 && words[0] === '-';
      const text = isRead ? textIn(await buffer(process.stdin)) : words.join(' ');
      if (text === null) {
        fail(command, options, '_input_invalid', 'standard input is not UTF-8');
        return;
      }
      if (text === '') command.error('there is nothing to publish');
      const whose = await whoseOf(command, options.as);
      const person = `psyc://${whose.domain}/~${whose.nick}`;
      const to = feedOf(person);
      let reach: Talk | null = null;
      let isStored = false;
      let isBegun = false;
      /** How many publications that an earlier server has not answered are said again, this one the last. */
      let left = 0;
      await converse(command, whose, {
        ...options,
        timeout: options.timeout ?? 60,
        channel: 'side',
        carried: { target: to },
        late: (isSent) =>
          isStored
            ? 'it is stored; not as many servers have said that they keep it'
            : isSent
              ? unanswered(to, 'publishes it again')
              : 'not published: nobody has answered',
        profile: () => registered(command, whose, options),
        begin(shell, _, profile) {
          reach = new Talk(person, shell);
          // What is kept for one server is said again to the next by itself, and must not be published twice.
          left = isBegun ? waitingIn(profile, to, text) : 0;
          isBegun = true;
          if (left > 0) return;
          shell.tell({ kind: 'command', command: { kind: 'say', command: SAID, target: to, text } });
        },
        excusesRefusal: (output) => reach?.owns(output) === true,
        told(output, shell) {
          reach?.take(output);
          if (output.kind === 'sent' && output.command === SAID && !options.json) complain(command, 'sending');
          const isAgain = output.kind === 'stored before' && output.target === to && left > 0 && --left === 0;
          if (isAgain || (output.kind === 'stored' && output.command === SAID)) {
            isStored = true;
            tell(options, { ...output, kind: 'stored', command: SAID }, `stored at ${output.at}\n`);
            if (options.reach === undefined) return true;
            const { publication } = output;
            void reached(reach!, { target: to, publication, wanted: options.reach }, options).then(() => shell.stop());
          }
          return output.kind === 'refused' && output.command === SAID;
        },
      });
    });
}

/** How many publications are kept and not answered, where this is one of them. */
function waitingIn({ kept }: Profile, to: string, text: string): number {
  const voices = [kept.speaking, ...kept.visits.values()];
  const pending = voices.flatMap((voice) => voice.pending).filter(({ target }) => target === to);
  if (!pending.some((one) => textOf(one) === text)) return 0;
  return new Set(pending.map(contentOf)).size;
}
