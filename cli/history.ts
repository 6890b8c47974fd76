/** `p3do history`: a page of what was said in a place. docs/spec/people.md#shown */
import type { Command } from 'commander';
import { type Shared, complain, converse, registered, tell, whoseOf, withShared } from './person/conversation.ts';
import { lineOf } from './person/lines.ts';
import { nameOf } from './person/show.ts';
import { count, place as placeArgument, whole } from './person/target.ts';

interface Options extends Shared {
  readonly after?: number;
  readonly limit?: number;
}

/** Adds the arguments, the page and the action of `p3do history`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('<place>', '@place@domain, or a uniform', placeArgument)
      .option('--after <row>', 'rows behind this one; without it the newest', whole)
      .option('--limit <rows>', 'how many rows at most (20; a server gives up to 100)', count),
    'how long to wait for the answer (60)',
  )
    .addHelpText(
      'after',
      `
Only members are given it: enter first. Each row is checked as if it came today. Where there are more
rows, standard error says which --after comes next.

Examples:
  $ p3do history @hall@b.example
  $ p3do history @hall@b.example --after 100 --limit 100 --json`,
    )
    .action(async (place: string, options: Options) => {
      const { after = null, limit = 20 } = options;
      let rows = 0;
      await converse(command, await whoseOf(command, options.as), {
        ...options,
        timeout: options.timeout ?? 60,
        channel: 'side',
        late: () => `${nameOf(place)} has not answered`,
        profile: (whose) => registered(command, whose, options),
        begin: (shell) =>
          shell.tell({ kind: 'command', command: { kind: 'history', command: 1, place, after, limit } }),
        told(output) {
          const line = lineOf(output);
          if (line !== null) {
            rows++;
            tell(options, output, line);
          }
          if (output.kind === 'page') {
            const { reached, last, erased } = output;
            if (!options.json && erased > (after ?? 0)) complain(command, `rows up to ${erased} are erased`);
            if (options.json) tell(options, output, '');
            else if (rows === 0) complain(command, after === null ? 'no rows' : `no rows after ${after}`);
            else if (reached < last)
              complain(command, `rows up to ${reached} of ${last}; the next: --after ${reached}`);
          }
          return output.kind === 'page' || (output.kind === 'refused' && output.command === 1);
        },
      });
    });
}
