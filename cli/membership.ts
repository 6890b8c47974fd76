/** `p3do enter` and `p3do leave`: one person becomes a member of a place, or is one no more. docs/spec/people.md#said */
import type { Command } from 'commander';
import type { Output } from '../client/session/events.ts';
import { converse, registered, type Shared, tell, unanswered, whoseOf, withShared } from './person/conversation.ts';
import { nameOf, safeText } from './person/show.ts';
import { place as placeArgument } from './person/target.ts';

interface Change {
  readonly kind: 'enter' | 'leave';
  readonly page: string;
  /** What is said once it is done; null: this is something else. */
  readonly done: (output: Output) => string | null;
}

/** Adds the arguments, the page and the action of `p3do enter`. */
export const enter = {
  register: membership({
    kind: 'enter',
    page: `From then on everything that is said there comes to all devices of the person (p3do listen), and
the person may speak there. Membership ends by p3do leave only.`,
    done: (output) =>
      output.kind === 'entered'
        ? `entered ${nameOf(output.place)}${members(output.members)}\n${topicLine(output.topic)}`
        : null,
  }),
};

/** The same of `p3do leave`. */
export const leave = {
  register: membership({
    kind: 'leave',
    page: 'Nothing that is said there comes any more.',
    done: (output) => (output.kind === 'left' ? `left ${nameOf(output.place)}\n` : null),
  }),
};

function membership({ kind, page, done }: Change): (command: Command) => void {
  return (command) => {
    withShared(
      command.argument('<place>', '@place@domain, or a uniform', placeArgument),
      'how long to wait for the answer (60)',
    )
      .addHelpText('after', `\n${page}\n\nExample:\n  $ p3do ${kind} @hall@b.example`)
      .action(async (place: string, options: Shared) => {
        await converse(command, await whoseOf(command, options.as), {
          ...options,
          timeout: options.timeout ?? 60,
          channel: 'side',
          late: (isSent) => (isSent ? unanswered(place, 'asks again') : 'not asked: nobody has answered'),
          profile: (whose) => registered(command, whose, options),
          begin: (shell) => shell.tell({ kind: 'command', command: { kind, command: 1, place } }),
          told(output) {
            const line = done(output);
            if (line !== null) tell(options, output, line);
            return line !== null || (output.kind === 'refused' && output.command === 1);
          },
        });
      });
  };
}

const topicLine = (topic: string | null): string =>
  topic === null || topic === '' ? '' : `topic: ${safeText(topic)}\n`;

const members = (amount: number | null): string =>
  amount === null ? '' : `, ${amount} ${amount === 1 ? 'member' : 'members'}`;
