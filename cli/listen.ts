/** `p3do listen`: everything that is said to a person, and in the places that he entered. docs/spec/people.md#shown */
import type { Command } from 'commander';
import { complain, type Shared, converse, registered, tell, whoseOf, withShared } from './person/conversation.ts';
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
is: time (- where its author has signed none), place (or "to you"; or "request", from somebody who is no
friend: p3do help requests), who, text. Who said it is

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
      const whose = await whoseOf(command, options.as);
      let isListening = false;
      await converse(command, whose, {
        ...options,
        channel: 'main',
        heardMax: left,
        late: options.count === undefined ? null : () => 'fewer messages came',
        busy: 'listening',
        profile: () => registered(command, whose, options),
        told(output) {
          if (output.kind === 'ready' && !isListening) {
            isListening = true;
            complain(command, `listening as ${whose.nick}@${whose.domain}`);
          }
          const line = lineOf(output);
          if (line !== null) tell(options, output, line);
          if (output.kind === 'heard') left--;
          return left === 0;
        },
      });
    });
}
