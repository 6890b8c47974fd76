/** `p3do place`: what a place is, and looking after it. docs/spec/places.md#acts */
import { Argument, type Command } from 'commander';
import { isReasoned, reasonBytesMax } from '../client/session/words.ts';
import type { Act, Status } from '../client/session/events.ts';
import { deedOf } from './person/acts.ts';
import { confirmed, withYes, type Yes } from './person/confirm.ts';
import { converse, registered, type Shared, tell, unanswered, whoseOf, withShared } from './person/conversation.ts';
import { enteredLine } from './person/lines.ts';
import { nameOf, safeText } from './person/show.ts';
import { isNothing } from './person/status.ts';
import { count, person, personOrDomain, place as placeArgument } from './person/target.ts';

/** Acts on somebody: what a line of help says, and whether a domain may be named. */
const onPeople = [
  ['kick', 'put somebody out, who may come back', person],
  ['ban', 'put somebody out, or everybody of a domain, and keep them out', personOrDomain],
  ['unban', 'lift a ban', personOrDomain],
  ['silence', 'let somebody, or everybody of a domain, hear and not speak', personOrDomain],
  ['unsilence', 'let them speak again', personOrDomain],
  ['uninvite', 'take an invitation back', person],
  ['dismiss', 'take all offices from somebody, or resign', person],
] as const;

const PLACE = '@place@domain, or a uniform';

/** Adds the subcommands of `p3do place`. */
export function register(command: Command): void {
  command.addHelpText(
    'after',
    `
The first who enters a place is its owner. Owners name further owners and aides, and say who may enter.
Owners and aides set the topic, invite, kick, ban and silence. What they do is signed, and told to
all members. The last owner cannot resign before he has named another. What cannot be taken back is asked
first: a script says --yes.

Examples:
  $ p3do place show @hall@b.example
  $ p3do place topic @hall@b.example Tea at five
  $ p3do place aide @hall@b.example bob@a.example
  $ p3do place kick @hall@b.example bob@a.example Wait until you are asked
  $ p3do place ban @hall@b.example spam.example
  $ p3do place mode @hall@b.example invited`,
  );
  show(command);
  topic(command);
  mode(command);
  invite(command);
  limit(command);
  clear(command);
  for (const [kind, summary, parse] of onPeople) {
    const whom = parse === person ? 'nick@domain' : 'nick@domain, or a domain';
    const own = shared(command, kind, summary)
      .argument('<place>', PLACE, placeArgument)
      .argument('<whom>', whom, parse);
    if (isReasoned(kind)) own.argument('[reason...]', 'why, for all members and whom it meets');
    own.action(async (place: string, named: string, ...rest: unknown[]) => {
      const [options, self] = rest.slice(-2) as [Shared, Command];
      const reason = isReasoned(kind) ? (rest[0] as string[]).join(' ') : '';
      if (new TextEncoder().encode(reason).length > reasonBytesMax)
        self.error(`a reason has at most ${reasonBytesMax} bytes`);
      await ask(self, options, place, { kind, whom: named, ...(reason !== '' && { reason }) });
    });
  }
  shared(command, 'moved', 'take over what you had there under the name before, and be let in')
    .argument('<place>', PLACE, placeArgument)
    .argument('<before>', 'nick@domain, where you lived when you were there (p3do move)', person)
    .action(async (place: string, whom: string, options: Shared, own: Command) =>
      ask(own, options, place, { kind: 'move', whom }, { isEntering: true }),
    );
  office(command, 'aide', 'make somebody an aide');
  office(command, 'owner', 'make somebody an owner, who may do all that you may');
}

/** A name with a mistake in it may become somebody's: then the place is his. */
function office(command: Command, kind: 'aide' | 'owner', summary: string): void {
  shared(command, kind, summary)
    .argument('<place>', PLACE, placeArgument)
    .argument('<person>', 'nick@domain', person)
    .option('--yes', 'even if his home does not say that there is such a person')
    .action(async (place: string, whom: string, options: Shared & Yes, own: Command) =>
      ask(own, options, place, { kind, whom }, { known: options.yes ? null : whom }),
    );
}

const shared = (command: Command, name: string, summary: string): Command =>
  withShared(
    command.command(name).description(summary).showHelpAfterError(`See: p3do help place ${name}`),
    'how long to wait for the answer (60)',
  );

function show(command: Command): void {
  shared(command, 'show', 'what a place is, and who is there')
    .argument('<place>', PLACE, placeArgument)
    .action(async (place: string, options: Shared, own: Command) => {
      await converse(own, await whoseOf(own, options.as), {
        ...options,
        timeout: options.timeout ?? 60,
        channel: 'side',
        late: () => `${nameOf(place)} has not answered`,
        profile: (whose) => registered(own, whose, options),
        begin: (shell) => shell.tell({ kind: 'command', command: { kind: 'status', command: 1, place } }),
        told(output) {
          if (output.kind === 'status') tell(options, output, statusText(output));
          return output.kind === 'status' || (output.kind === 'refused' && output.command === 1);
        },
      });
    });
}

function topic(command: Command): void {
  shared(command, 'topic', 'say what is spoken of; without text, take the topic away')
    .argument('<place>', PLACE, placeArgument)
    .argument('[text...]', 'the topic')
    .action(async (place: string, text: string[], options: Shared, own: Command) =>
      ask(own, options, place, { kind: 'topic', text: text.join(' ') }),
    );
}

function mode(command: Command): void {
  withYes(shared(command, 'mode', 'say who may enter'))
    .argument('<place>', PLACE, placeArgument)
    .addArgument(
      new Argument(
        '<mode>',
        'everybody; the same, and everybody reads, on the web as well; who is invited; who is invited, and only members read, for ever',
      ).choices(['public', 'published', 'invited', 'members']),
    )
    .action(
      async (place: string, mode: Extract<Act, { kind: 'mode' }>['mode'], options: Shared & Yes, own: Command) => {
        const what = `${nameOf(place)} becomes members-only for ever, which nobody can take back`;
        if (mode === 'members' && !(await confirmed(own, options, what))) return;
        await ask(own, options, place, { kind: 'mode', mode });
      },
    );
}

function limit(command: Command): void {
  shared(command, 'limit', 'say how much is kept; without limits everything is')
    .argument('<place>', PLACE, placeArgument)
    .option('--rows <rows>', 'so many rows at most', count)
    .option('--days <days>', 'nothing for longer than so many days', count)
    .action(async (place: string, options: Shared & { rows?: number; days?: number }, own: Command) => {
      const { rows = null, days = null } = options;
      await ask(own, options, place, { kind: 'limit', rows, days });
    });
}

function clear(command: Command): void {
  withYes(shared(command, 'clear', 'erase what was said, for all and for ever'))
    .argument('<place>', PLACE, placeArgument)
    .requiredOption('--through <row>', 'up to this row (p3do history --numbers shows them)', count)
    // Of a conversation `through` is the server that it goes through.
    .action(async (place: string, { through, ...options }: Shared & Yes & { through: number }, own: Command) => {
      const what = `everything in ${nameOf(place)} up to row ${through} is erased for all, which nobody can take back`;
      if (await confirmed(own, options, what)) await ask(own, options, place, { kind: 'clear', through });
    });
}

function invite(command: Command): void {
  shared(command, 'invite', 'let somebody enter once, and tell him')
    .argument('<place>', PLACE, placeArgument)
    .argument('<person>', 'nick@domain', person)
    .option('--quiet', 'do not tell him')
    .option('--yes', 'even if his home does not say that there is such a person')
    .action(async (place: string, whom: string, options: Shared & Yes & { quiet?: true }, own: Command) => {
      const name = nameOf(place);
      const text = `You are invited to ${name}: p3do enter ${name}`;
      const known = options.yes ? null : whom;
      await ask(
        own,
        options,
        place,
        { kind: 'invite', whom },
        { known, ...(!options.quiet && { telling: { whom, text } }) },
      );
    });
}

/** What goes along with an act. */
interface Around {
  /** Who has to be known at his home before it is asked for. */
  readonly known?: string | null;
  /** What is said to a person once it is done. */
  readonly telling?: { readonly whom: string; readonly text: string };
  /** It is entered once that is done. */
  readonly isEntering?: true;
}

const commands = { known: 1, act: 2, telling: 3, entering: 4 } as const;

/** Asks a place for something, and waits until it is done. */
async function ask(
  command: Command,
  options: Shared,
  place: string,
  act: Act,
  { known = null, telling, isEntering }: Around = {},
): Promise<void> {
  let isKnown = known === null;
  let isDone = false;
  const whose = await whoseOf(command, options.as);
  const acting = { kind: 'command', command: { kind: 'act', command: commands.act, place, act } } as const;
  await converse(command, whose, {
    ...options,
    timeout: options.timeout ?? 60,
    channel: 'side',
    late(isSent) {
      if (isDone && telling !== undefined) return unanswered(telling.whom, 'tells him again');
      if (!isKnown)
        return `not asked: the home of ${nameOf(known!)} does not say whether there is such a person (--yes does it all the same)`;
      return isSent ? unanswered(place, 'asks again') : 'not asked: nobody has answered';
    },
    profile: (own) => registered(command, own, options),
    begin(shell) {
      if (known === null) shell.tell(acting);
      else {
        const asking = { command: commands.known, target: known, method: '_request_description', entity: {} };
        shell.tell({ kind: 'command', command: { kind: 'ask', ...asking } });
      }
    },
    told(output, shell) {
      if (output.kind === 'told' && output.command === commands.known && output.isLast) {
        isKnown = true;
        shell.tell(acting);
      } else if (output.kind === 'done') {
        isDone = true;
        tell(options, output, `${nameOf(place)}: ${whose.nick}@${whose.domain} ${deedOf(act)}\n`);
        if (isEntering) shell.tell({ kind: 'command', command: { kind: 'enter', command: commands.entering, place } });
        if (telling === undefined) return isEntering !== true;
        const { whom: target, text } = telling;
        shell.tell({ kind: 'command', command: { kind: 'say', command: commands.telling, target, text } });
      } else if (output.kind === 'stored' && output.command === commands.telling) {
        tell(options, output, `told ${nameOf(output.target)}\n`);
        return true;
      }
      if (output.kind === 'entered') tell(options, output, enteredLine(output));
      return output.kind === 'entered' || (output.kind === 'refused' && output.command !== null);
    },
  });
}

const entry = {
  public: 'everybody may enter',
  published: 'everybody may enter, and what is said is shown to everybody, on the web as well',
  invited: 'who is invited may enter',
  members: 'who is invited may enter, and only members read what is said',
} as Readonly<Record<string, string>>;

function statusText(status: Status): string {
  const { place, topic: about, mode: kind, owners, aides, amount, members, bans, silenced, invited } = status;
  const { last, erased, rows, days } = status;
  // Whoever asks from outside is told the same of a place that all have left for good.
  if (isNothing(status))
    return `${nameOf(place)}: without owner and topic. If nobody has been there yet, who enters first is its owner\n`;
  const kept = [rows === null ? null : `${rows} rows`, days === null ? null : `${days} days`].filter(
    (part) => part !== null,
  );
  const names = (list: readonly string[]): string => (list.length === 0 ? '-' : list.map(nameOf).join(', '));
  const more = amount !== null && members !== null && amount > members.length ? ' …' : '';
  const lines = [
    nameOf(place),
    about === null ? null : `  topic     ${about === '' ? '-' : safeText(about)}`,
    `  entering  ${entry[kind] ?? safeText(kind)}`,
    `  owners    ${names(owners)}`,
    `  aides     ${names(aides)}`,
    members === null ? null : `  members   ${amount ?? members.length}: ${names(members)}${more}`,
    bans === null ? null : `  banned    ${names(bans)}`,
    silenced === null ? null : `  silenced  ${names(silenced)}`,
    invited === null ? null : `  invited   ${names(invited)}`,
    last === null ? null : `  rows      ${erased === 0 ? '' : `${erased + 1} to `}${last}`,
    kept.length === 0 ? null : `  kept      at most ${kept.join(' and ')}`,
  ];
  return `${lines.filter((line) => line !== null).join('\n')}\n`;
}
