/** `p3do listen`: everything that is said to a person, and in the places that he entered. docs/spec/people.md#shown */
import type { Command } from 'commander';
import { type Shared, converse, registered, tell, whoseOf, withShared } from './person/conversation.ts';
import { lineOf } from './person/lines.ts';
import { count } from './person/target.ts';

interface Options extends Shared {
  readonly count?: number;
}

/** Adds the options, the page and the action of `p3do listen`. */
export function register(command: Command): void {
  withShared(
    command.option('--count <messages>', 'end after so many messages', count),
    'end after so long; with --count before, the exit code is 1',
  )
    .addHelpText(
      'after',
      `
Stays, and comes back when the circuit is lost. What was said while nobody listened comes first. A line
is: time, place (or "to you"), who, text. Who said it is

  bob@b.example                           by his own signature, which was checked
  bob@b.example (according to a.example)  by the word of that server only
  NOT bob@b.example (code)                nobody: signature, seal or key are wrong

Control characters and marks that turn text around are shown escaped. Keys that are new, and keys that
have changed, are told on standard error.

Examples:
  $ p3do listen
  $ p3do listen --as ada@a.example --count 1 --json`,
    )
    .action(async (options: Options) => {
      let left = options.count ?? Number.MAX_SAFE_INTEGER;
      await converse(command, await whoseOf(command, options.as), {
        ...options,
        channel: 'main',
        heardMax: left,
        late: options.count === undefined ? null : () => 'fewer messages came',
        profile: (whose) => registered(command, whose),
        told(output) {
          const line = lineOf(output, Date.now());
          if (line !== null) tell(options, output, line);
          if (output.kind === 'heard') left--;
          return left === 0;
        },
      });
    });
}
