/** `p3do leave`: one person is a member of a place no more. docs/spec/people.md#said */
import type { Command } from 'commander';
import { type Shared, converse, registered, tell, whoseOf, withShared } from './person/conversation.ts';
import { nameOf } from './person/show.ts';
import { place as placeArgument } from './person/target.ts';

/** Adds the arguments, the page and the action of `p3do leave`. */
export function register(command: Command): void {
  withShared(
    command.argument('<place>', '@place@domain, or a uniform', placeArgument),
    'how long to wait for the answer (60)',
  )
    .addHelpText(
      'after',
      `
Nothing that is said there comes any more.

Example:
  $ p3do leave @hall@b.example`,
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
        begin: (shell) => shell.tell({ kind: 'command', command: { kind: 'leave', command: 1, place } }),
        told(output) {
          if (output.kind === 'left') tell(options, output, `left ${nameOf(output.place)}\n`);
          return output.kind === 'left' || (output.kind === 'refused' && output.command === 1);
        },
      });
    });
}
