/** `p3do enter`: one person becomes a member of a place. docs/spec/people.md#said */
import type { Command } from 'commander';
import { type Shared, converse, registered, tell, whoseOf, withShared } from './person/conversation.ts';
import { nameOf } from './person/show.ts';
import { place as placeArgument } from './person/target.ts';

/** Adds the arguments, the page and the action of `p3do enter`. */
export function register(command: Command): void {
  withShared(
    command.argument('<place>', '@place@domain, or a uniform', placeArgument),
    'how long to wait for the answer (60)',
  )
    .addHelpText(
      'after',
      `
From then on everything that is said there comes to all devices of the person (p3do listen), and
the person may speak there. Membership ends by p3do leave only.

Example:
  $ p3do enter @hall@b.example`,
    )
    .action(async (place: string, options: Shared) => {
      await converse(command, await whoseOf(command, options.as), {
        ...options,
        timeout: options.timeout ?? 60,
        channel: 'side',
        late: (isSent) =>
          isSent
            ? `${nameOf(place)} has not answered yet; the next command asks again`
            : 'not asked: nobody has answered',
        profile: (whose) => registered(command, whose),
        begin: (shell) => shell.tell({ kind: 'command', command: { kind: 'enter', command: 1, place } }),
        told(output) {
          if (output.kind === 'entered')
            tell(options, output, `entered ${nameOf(output.place)}${members(output.members)}\n`);
          return output.kind === 'entered' || (output.kind === 'refused' && output.command === 1);
        },
      });
    });
}

const members = (amount: number | null): string => (amount === null ? '' : `, ${amount} members`);
