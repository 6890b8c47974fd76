/** `p3do enter`, `leave`, `follow` and `unfollow`: one person becomes a member of a place, or of what somebody publishes, or is one no more. docs/spec/people.md#said */
import type { Command } from 'commander';
import { feedOf, isFeed } from '../client/session/words.ts';
import { Profile, type Whose } from '../client/profile/profile.ts';
import type { Output } from '../client/session/events.ts';
import {
  complain,
  converse,
  fail,
  registered,
  type Shared,
  tell,
  unanswered,
  whoseOf,
  withShared,
} from './person/conversation.ts';
import { enteredLine } from './person/lines.ts';
import { keepMarks } from './person/marks.ts';
import { knownIn, meantOf } from './person/meant.ts';
import { safeLine } from './person/safe.ts';
import { nameOf } from './person/show.ts';
import { isNothing } from './person/status.ts';
import { Talk } from './person/talk.ts';
import { person, place as placeArgument } from './person/target.ts';
import { type Through, throughOption } from './person/ways.ts';

/** What is asked of the place; what is asked of the home has numbers of its own, from 1 on. */
const ASKED = 0;
/** Whether there is such a place. */
const LOOKED = -1;

interface Change {
  readonly kind: 'enter' | 'leave';
  /** How the command is called, and what it takes. */
  readonly name: string;
  readonly argument: { readonly name: string; readonly says: string; readonly parse: (text: string) => string };
  readonly example: string;
  readonly page: string;
  /** What is said once it is done; null: this is something else. */
  readonly done: (output: Output) => string | null;
}

const ofPlace = { name: '<place>', says: '@place@domain, or a uniform', parse: placeArgument };
const ofPerson = { name: '<person>', says: 'nick@domain, or a uniform', parse: (text: string) => feedOf(person(text)) };

/** Adds the arguments, the page and the action of `p3do enter`. */
export const enter = {
  register: membership({
    kind: 'enter',
    name: 'enter',
    argument: ofPlace,
    example: '@hall@b.example',
    page: `From then on everything that is said there comes to all devices of the person (p3do listen), and
the person may speak there. Membership ends by p3do leave only.`,
    done: (output) => (output.kind === 'entered' ? enteredLine(output) : null),
  }),
};

/** The same of `p3do leave`. */
export const leave = {
  register: membership({
    kind: 'leave',
    name: 'leave',
    argument: ofPlace,
    example: '@hall@b.example',
    page: 'Nothing that is said there comes any more.',
    done: (output) => (output.kind === 'left' ? `left ${nameOf(output.place)}\n` : null),
  }),
};

/** The same of `p3do follow`: who follows is a member of what somebody publishes, as his own server keeps it. */
export const follow = {
  register: membership({
    kind: 'enter',
    name: 'follow',
    argument: ofPerson,
    example: 'ada@a.example',
    page: `From then on everything that this person publishes comes to all your devices (p3do listen), by way of your
own server, which keeps it; p3do history ada@a.example shows what was published before. Where the home of that
person is silent, what is published through other servers comes all the same.`,
    done: (output) => (output.kind === 'entered' ? followingLine(output) : null),
  }),
};

/** The same of `p3do unfollow`. */
export const unfollow = {
  register: membership({
    kind: 'leave',
    name: 'unfollow',
    argument: ofPerson,
    example: 'ada@a.example',
    page: 'Nothing that this person publishes comes any more.',
    done: (output) => (output.kind === 'left' ? `not following ${nameOf(output.place)}\n` : null),
  }),
};

/** What is said to who follows somebody of whom nothing is known yet: his name may be written wrongly. */
function followingLine({ place, awaited }: Extract<Output, { kind: 'entered' }>): string {
  const name = nameOf(place);
  if (awaited === null) return `following ${name}\n`;
  return `following ${name}, as soon as ${safeLine(awaited)} says that there is such a person: it has not answered yet\n`;
}

function membership({ kind, name, argument, example, page, done }: Change): (command: Command) => void {
  return (command) => {
    withShared(command.argument(argument.name, argument.says, argument.parse), 'how long to wait for the answer (60)')
      .addOption(throughOption())
      .addHelpText('after', `\n${page}\n\nExample:\n  $ p3do ${name} ${example}`);
    if (name === 'enter')
      command.option('--yes', 'though it may be a slip of the fingers: nobody is there, or nobody answers');
    command.action(async (place: string, options: Shared & Through & { readonly yes?: true }) => {
      const whose = await whoseOf(command, options.as);
      let profile: Profile | null = null;
      /** What the device knows that is written nearly like it. */
      const meant = (isThere: boolean): string => {
        const near = profile === null ? null : meantOf(place, knownIn(profile.kept), isThere);
        return near === null ? '' : `; did you mean ${nameOf(near)}?`;
      };
      let isLooking = false;
      let home: Talk | null = null;
      let isDone = false;
      let visited: string | null = null;
      await converse(command, whose, {
        ...options,
        timeout: options.timeout ?? 60,
        channel: 'side',
        carried: { target: place },
        late: (isSent) =>
          isLooking
            ? `not asked: nobody answers for ${nameOf(place)}: is its domain written rightly, and its server up${meant(false) || '?'} --yes asks all the same, until it is answered`
            : isDone
              ? NOT_NOTED
              : isSent
                ? unanswered(place, 'asks again')
                : 'not asked: nobody has answered',
        profile: async () => (profile = await registered(command, whose, options)),
        begin(shell, at) {
          visited = at;
          home = new Talk(`psyc://${whose.domain}/~${whose.nick}`, shell);
          isLooking = name === 'enter' && options.yes !== true && !isEntered(profile, place);
          if (isLooking) shell.tell({ kind: 'command', command: { kind: 'status', command: LOOKED, place } });
          else shell.tell({ kind: 'command', command: { kind, command: ASKED, place } });
        },
        excusesRefusal: (output) => home?.owns(output) === true || isNoMember(kind, output) || isOfLook(output),
        told(output, shell) {
          home?.take(output);
          if (isLooking && isOfLook(output)) {
            isLooking = false;
            const near = output.kind === 'status' && isNothing(output) ? meant(true) : '';
            if (near !== '') {
              fail(command, options, '_unknown_place', `there is no ${nameOf(place)}${near} --yes makes it`);
              return true;
            }
            // What is refused now is refused then, and told.
            shell.tell({ kind: 'command', command: { kind, command: ASKED, place } });
          }
          const line = done(output);
          if (line !== null && home !== null) {
            isDone = true;
            tell(options, output, line);
            // Who is a visitor elsewhere has no home to tell.
            if (visited !== null) shell.stop();
            else void noted(command, home, whose).finally(() => shell.stop());
          }
          if (isNoMember(kind, output)) {
            if (options.json) tell(options, output, '');
            const text = isFeed(place) ? 'you do not follow' : 'you are no member there';
            fail(command, options, output.code, `${nameOf(place)}: ${text} (${output.code})`);
          }
          return output.kind === 'refused' && output.command === ASKED;
        },
      });
    });
  };
}

/** Whether a device knows that its person was there. */
const isEntered = (profile: Profile | null, place: string): boolean =>
  profile?.kept.hearing.places.has(place) === true || profile?.kept.speaking.entered.has(place) === true;

const isOfLook = (output: Output): boolean =>
  (output.kind === 'status' || output.kind === 'refused') && output.command === LOOKED;

const NOT_NOTED = 'your list of places at home is not up to date: p3do places does it';

/** The list at home is what other devices, and new ones, go by; what was done is done without it. */
async function noted(command: Command, home: Talk, whose: Whose): Promise<void> {
  try {
    const profile = await Profile.open(whose);
    if (profile !== null && (await keepMarks(home, profile.kept)) !== null) return;
    complain(command, NOT_NOTED);
  } catch (error) {
    complain(command, `${NOT_NOTED}: ${(error as Error).message}`);
  }
}

/** Whether somebody wants to leave where he is not. */
const isNoMember = (kind: Change['kind'], output: Output): output is Extract<Output, { kind: 'refused' }> =>
  kind === 'leave' && output.kind === 'refused' && output.command === ASKED && output.code === '_necessary_membership';
