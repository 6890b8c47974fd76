/** `p3do friend`: asking for friendship, accepting, refusing and ending it, and the list of friends. docs/spec/friends.md#friendship */
import type { Command } from 'commander';
import type { Said } from '../client/session/events.ts';
import { complain, fail, type Shared, tell, withShared } from './person/conversation.ts';
import { explained } from './person/codes.ts';
import { nameOf } from './person/show.ts';
import { type Talk, talk, type Told } from './person/talk.ts';
import { person as personArgument } from './person/target.ts';

interface Verb {
  readonly name: string;
  readonly summary: string;
  readonly kind: 'befriend' | 'unfriend';
  /** What the other has to be already; null: anything. What is so already is not said once more. */
  readonly from: readonly string[] | null;
}

const verbs: readonly Verb[] = [
  { name: 'add', summary: 'ask somebody to be friends', kind: 'befriend', from: null },
  { name: 'accept', summary: 'be friends with somebody who has asked', kind: 'befriend', from: ['asked'] },
  { name: 'refuse', summary: 'answer no to somebody who has asked', kind: 'unfriend', from: ['asked'] },
  { name: 'remove', summary: 'be friends no more', kind: 'unfriend', from: ['friend', 'offered', 'asked'] },
];

/** There is nobody who could answer. */
const goneCodes = ['_unknown_target', '_closed_target'];

/**
 * Whether what was said to somebody who is not there, as his home says, is taken back: nobody will answer it, and what one's own home
 * keeps of it would stand in the list for ever. A friend stays one: his home may lie, and a signed farewell is for good.
 */
export const isTakenBack = (kind: Verb['kind'], standing: string): boolean =>
  kind === 'befriend' && standing !== 'friend';

/** What a standing is in words, to the person himself. */
const standings: Readonly<Record<string, string>> = {
  friend: 'friend',
  asked: 'wants to be friends: p3do friend accept, or refuse',
  offered: 'was asked, and has not said yes',
  parted: 'no friend any more',
};

/** Adds the subcommands of `p3do friend`. */
export function register(command: Command): void {
  for (const { name, summary, kind, from } of verbs) {
    const one = command.command(name).description(summary).showHelpAfterError(`See: p3do help friend ${name}`);
    withShared(one.argument('<who>', 'nick@domain', personArgument), 'how long to wait for the answer (60)')
      .addHelpText(
        'after',
        `\nIt is signed by this device, and known to both homes.\n\nExample:\n  $ p3do friend ${name} bob@b.example`,
      )
      .action((who: string, options: Shared) =>
        talk(one, options, async (home) => {
          const before = await told(home, who);
          if (before === null) return;
          const standing = before.packet.text('_standing') ?? 'parted';
          const isSo =
            kind === 'befriend' &&
            (standing === 'friend' || (standing === 'offered' && from === null)) &&
            doubtOf(home, before, who) === null;
          if (isSo) {
            if (standing === 'offered') complain(one, 'this was asked before, and is not asked again');
            show(home, options, before, who);
            return;
          }
          if (from !== null && !from.includes(standing)) {
            const text = name === 'remove' ? 'is no friend' : 'has not asked (p3do friend add asks)';
            fail(one, options, '_unknown_friend', `${nameOf(who)} ${text} (_unknown_friend)`);
            return;
          }
          const answer = await home.befriend(kind, who, goneCodes);
          if (typeof answer === 'string') {
            if (isTakenBack(kind, standing)) await home.befriend('unfriend', who, goneCodes);
            if (kind === 'befriend' || standing !== 'offered') {
              fail(one, options, answer, `${nameOf(who)}: ${explained(answer)}`);
              return;
            }
          } else if (!answer) return;
          const after = await told(home, who);
          if (after !== null) show(home, options, after, who);
        }),
      );
  }
  const list = command.command('list').description('show friends, and who has asked or was asked');
  withShared(list.showHelpAfterError('See: p3do help friend list'), 'how long to wait for the answer (60)')
    .option('--all', 'also those who are friends no more')
    .addHelpText(
      'after',
      `
A friend is somebody who has signed it, and to whom one has signed it; both signatures are checked here. What
stands in brackets was not proved: a home can keep a friendship back, and make none up.

Example:
  $ p3do friend list`,
    )
    .action((options: Shared & { readonly all?: true }) =>
      talk(list, options, async (home) => {
        const all: Told[] = [];
        for (let after: string | undefined = ''; after !== undefined; ) {
          const page = await home.askHome('_request_friends', after === '' ? {} : { _after: after });
          if (page === null) return;
          all.push(...page);
          const next = page.at(-1)?.packet.text('_next');
          after = next !== undefined && next > after ? next : undefined;
        }
        const shown = all.filter(
          ({ packet }) =>
            packet.method === '_status_friend' && (options.all === true || packet.text('_standing') !== 'parted'),
        );
        for (const one of shown) show(home, options, one, '');
        if (shown.length === 0) complain(list, 'no friends yet: p3do friend add asks somebody');
      }),
    );
  command.addHelpText(
    'after',
    `
Friends write to each other without limits for strangers, and see each other's presence and what each shows to friends.

Examples:
  $ p3do friend add bob@b.example
  $ p3do friend accept ada@a.example
  $ p3do friend list`,
  );
}

/** What is agreed with this person; null: it was refused, and that has been told. */
const told = async (home: Talk, who: string): Promise<Told | null> =>
  (await home.askHome('_request_friends', { _uniform: who }))?.[0] ?? null;

/** Why the signatures do not say what the home says; null: they do. */
function doubtOf(home: Talk, { packet, words }: Told, who: string): string | null {
  const uniform = packet.text('_uniform') ?? who;
  const standing = packet.text('_standing') ?? 'parted';
  const mine = proved(words.get('_packet_mine'), home.person, uniform);
  const theirs = proved(words.get('_packet_theirs'), uniform, home.person);
  const needed =
    standing === 'friend' ? [mine, theirs] : standing === 'asked' ? [theirs] : standing === 'offered' ? [mine] : [];
  return needed.find((word) => word !== null) ?? null;
}

/** One line of the list; `who`: whom it is about where nothing is agreed. */
function show(home: Talk, options: Shared, one: Told, who: string): void {
  const uniform = one.packet.text('_uniform') ?? who;
  const standing = one.packet.text('_standing') ?? 'parted';
  const doubt = doubtOf(home, one, who);
  const isProved = doubt === null;
  const note =
    doubt === null
      ? ''
      : doubt === '_closed_target'
        ? ', has closed the account'
        : ` (NOT proved: ${doubt.startsWith('_') ? explained(doubt) : doubt})`;
  const line = `${nameOf(uniform)}: ${standings[standing] ?? standing}${note}\n`;
  tell(options, { kind: 'friend', who: uniform, standing, isProved, doubt }, line);
}

/** null: this word is his who has signed it, and for the other; else why it is not. */
function proved(said: Said | undefined, author: string, address: string): string | null {
  if (said === undefined) return 'nothing signed came';
  if (said.word.kind !== 'author') return said.word.code ?? 'not signed';
  const isIt = said.author === author && said.address === address && said.method === '_request_friendship';
  return isIt ? null : 'it is signed for something else';
}
