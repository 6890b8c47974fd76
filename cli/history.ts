/** `p3do history`: a page of what was said in a place, or somebody has published, or what of it has certain words. docs/spec/people.md#shown */
import type { Command } from 'commander';
import type { Output } from '../client/session/events.ts';
import { type Shared, complain, converse, registered, tell, whoseOf, withShared } from './person/conversation.ts';
import { lineOf } from './person/lines.ts';
import { searchFor } from './person/search.ts';
import { nameOf } from './person/show.ts';
import { count, placeOrFeed, whole } from './person/target.ts';

interface Options extends Shared {
  readonly after?: number;
  readonly limit?: number;
  readonly search?: string;
  readonly numbers?: true;
}

/** Rows of a page while we search: what a server gives at most. */
const PAGE_ROWS = 100;
/** How often a search says how far it is. */
const PROGRESS_ROWS = 1000;

type Page = Extract<Output, { kind: 'page' }>;

/** Adds the arguments, options, page and action of `p3do history`. */
export function register(command: Command): void {
  withShared(
    command
      .argument('<place>', '@place@domain, or nick@domain for what somebody publishes, or a uniform', placeOrFeed)
      .option('--after <row>', 'rows behind this one; without it the newest (with --search, all)', whole)
      .option('--limit <rows>', 'how many rows at most (20; a server gives up to 100)', count)
      .option('--search <words>', 'only what was said with all of these words, in any case')
      .option('--numbers', 'the number of its row before each line'),
    'how long to wait for the answer (60; with --search 600)',
  )
    .addHelpText(
      'after',
      `
Only members are given it: enter first, or follow. Each row is checked as if it came today. Where there are more
rows, standard error says which --after comes next.

With --search all rows are asked for, from the first on, and looked through here: what is said in a
members-only place no server could look through. It ends with --limit finds.

Examples:
  $ p3do history @hall@b.example
  $ p3do history ada@a.example
  $ p3do history @hall@b.example --after 100 --limit 100 --json
  $ p3do history @hall@b.example --search 'tea five'`,
    )
    .action(async (place: string, options: Options) => {
      const { after = null, limit = 20, search } = options;
      const isFound = search === undefined ? null : searchFor(search);
      const page = (number: number, from: number | null, rows: number) =>
        ({ kind: 'command', command: { kind: 'history', command: number, place, after: from, limit: rows } }) as const;
      let rows = 0;
      let pages = 1;
      let told = 0;
      /** The last row of the page before: one that leads nowhere ends the search. */
      let seenPage = -1;
      /** The last row that was looked at. */
      let seen = 0;
      const endOfSearch = ({ reached, last }: Page): void => {
        if (rows >= limit) complain(command, `${rows} found up to row ${seen} of ${last}; the next: --after ${seen}`);
        else
          complain(
            command,
            rows === 0 ? `not found in rows up to ${reached}` : `${rows} found in rows up to ${reached}`,
          );
      };
      await converse(command, await whoseOf(command, options.as), {
        ...options,
        timeout: options.timeout ?? (isFound === null ? 60 : 600),
        channel: 'side',
        carried: { target: place },
        late: () => `${nameOf(place)} has not answered`,
        profile: (whose) => registered(command, whose, options),
        begin: (shell) => shell.tell(isFound === null ? page(1, after, limit) : page(1, after ?? 0, PAGE_ROWS)),
        told(output, shell) {
          const isWanted =
            isFound === null || (output.kind === 'heard' && output.text !== null && isFound(output.text));
          const line = isWanted && (isFound === null || rows < limit) ? lineOf(output) : null;
          if (line !== null && 'sequence' in output) {
            rows++;
            tell(options, output, options.numbers ? `${output.sequence} ${line}` : line);
          }
          if ('sequence' in output && (line !== null || rows < limit)) seen = output.sequence;
          if (output.kind !== 'page') return output.kind === 'refused' && output.command !== null;
          const { reached, last, erased } = output;
          if (!options.json && pages === 1 && erased > (after ?? 0))
            complain(command, `rows up to ${erased} are erased`);
          if (isFound !== null && rows < limit && reached < last && reached > seenPage) {
            seenPage = reached;
            if (reached - told >= PROGRESS_ROWS) {
              told = reached;
              complain(command, `looked through rows up to ${reached} of ${last}`);
            }
            shell.tell(page(++pages, reached, PAGE_ROWS));
            return false;
          }
          if (options.json) tell(options, output, '');
          else if (isFound !== null) endOfSearch(output);
          else if (rows === 0) complain(command, after === null ? 'no rows' : `no rows after ${after}`);
          else if (reached < last) complain(command, `rows up to ${reached} of ${last}; the next: --after ${reached}`);
          return true;
        },
      });
    });
}
