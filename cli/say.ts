/** `p3do say`: one message to a place or a person, and whether it is stored. docs/spec/people.md#said */
import type { Command } from 'commander';
import { type Shared, converse, registered, tell, unanswered, whoseOf, withShared } from './person/conversation.ts';
import { saidIn } from './person/said.ts';
import { type Through, throughOption } from './person/ways.ts';
import { target } from './person/target.ts';

/** Adds the arguments, the page and the action of `p3do say`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('<target>', '@place@domain, nick@domain, or a uniform', target)
      .argument('<text...>', 'what to say; - reads it on standard input, less one line feed at its end'),
    'how long to wait for the answer (60)',
  )
    .addOption(throughOption())
    .addHelpText(
      'after',
      `
Says it signed by this device; to a person sealed as well, so that no server can read it. It prints
where it is stored once it is: then it is not lost any more. Where no answer comes in time the exit code is 1;
what was said by then is said again by the next command, the very same. For a place, enter it first. Where your
own server does not answer, another one carries it, in your name (p3do servers).

Examples:
  $ p3do say @hall@b.example Good morning
  $ p3do say bob@b.example --as ada@a.example - < letter`,
    )
    .action(async (to: string, words: string[], options: Shared & Through) => {
      const text = await saidIn(command, options, words);
      if (text === null) return;
      await converse(command, await whoseOf(command, options.as), {
        ...options,
        timeout: options.timeout ?? 60,
        channel: 'side',
        carried: { target: to },
        late: (isSent) => (isSent ? unanswered(to, 'says it again') : 'not said: nobody has answered'),
        profile: (whose) => registered(command, whose, options),
        begin: (shell) => shell.tell({ kind: 'command', command: { kind: 'say', command: 1, target: to, text } }),
        told(output) {
          if (output.kind === 'stored') tell(options, output, `stored at ${output.at}\n`);
          return output.kind === 'stored' || (output.kind === 'refused' && output.command === 1);
        },
      });
    });
}
