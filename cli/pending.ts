/** `p3do pending`: what a person said and nobody has answered, to be seen or dropped. docs/spec/people.md#said */
import type { Command } from 'commander';
import { lock } from '../client/profile/lock.ts';
import type { Pending, Voice } from '../client/session/kept.ts';
import { contentOf, publicationIn } from '../client/session/carried.ts';
import { dropped, isDeletion, textOf } from '../client/session/pending.ts';
import { isFeed } from '../client/session/words.ts';
import { inherits } from '../psyc/keyword.ts';
import { complain, registered, type Shared, tell, whoseOf } from './person/conversation.ts';
import { safeLine } from './person/safe.ts';
import { nameOf } from './person/show.ts';
import { address, target as targetArgument } from './person/target.ts';

interface Options extends Pick<Shared, 'as' | 'json'> {
  readonly drop?: true;
}

/** Adds the arguments, the page and the action of `p3do pending`. */
export function register(command: Command): void {
  command
    .argument('[target]', 'only what was said to this place or person', targetArgument)
    .option('--drop', 'say it no more')
    .option('--as <nick@domain>', 'whose; may be left out where only one person has a folder here', address)
    .option('--json', 'one object a line')
    .addHelpText(
      'after',
      `
What was said and not answered is said again, the very same, by each command that speaks: until it is answered
or dropped. To each place and person nothing new is said meanwhile. What is dropped may have come to its
target nevertheless; nothing that is said later comes before it.

Examples:
  $ p3do pending
  $ p3do pending @hall@b.example --drop`,
    )
    .action(async (target: string | undefined, options: Options) => {
      const whose = await whoseOf(command, options.as);
      const release = await lock(whose.folder, 'side', (pid) => complain(command, `waiting for process ${pid}`));
      try {
        const profile = await registered(command, whose, options);
        if (profile === null) return;
        const { speaking, visits } = profile.kept;
        const listed = new Set<string>();
        // What several servers carry is one thing.
        const isMeant = (one: Pending): boolean => {
          const isNew = !listed.has(contentOf(one)) || publicationIn(one.bytes) === null;
          listed.add(contentOf(one));
          return isNew && (target === undefined || one.target === target);
        };
        const voices: [string | null, Voice][] = [[null, speaking], ...visits];
        const meant = voices.flatMap(([through, { pending }]) =>
          pending.filter(isMeant).map((one) => ({ through, one })),
        );
        const isDropped = options.drop === true;
        if (meant.length > 0 && isDropped) {
          const targets = new Set(meant.map(({ one }) => one.target));
          const others = [...visits].map(([domain, voice]) => [domain, dropped(voice, targets)] as const);
          await profile.keep({ speaking: dropped(speaking, targets), visits: new Map(others) });
        }
        for (const { through, one } of meant) {
          const { target: to, method } = one;
          const by = through === null ? '' : `, through ${through}`;
          const line = `${isDropped ? 'dropped' : 'not answered'}${by}: ${described(one)}\n`;
          tell(
            options,
            { kind: isDropped ? 'dropped' : 'pending', target: to, method, text: textOf(one), through },
            line,
          );
        }
        if (meant.length === 0) complain(command, 'everything was answered');
      } finally {
        await release();
      }
    });
}

function described(pending: Pending): string {
  const { target, method } = pending;
  const [enter, leave] = isFeed(target) ? ['follow', 'unfollow'] : ['enter', 'leave'];
  if (inherits(method, '_request_context_enter')) return `${enter} ${nameOf(target)}`;
  if (inherits(method, '_request_context_leave')) return `${leave} ${nameOf(target)}`;
  const text = textOf(pending);
  if (isFeed(target)) return `publish ${isDeletion(pending) ? 'a deletion' : safeLine(text ?? '')}`;
  return `say ${nameOf(target)} ${text === null ? '(sealed)' : safeLine(text)}`;
}
