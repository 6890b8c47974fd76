/** `p3do listen`: everything that is said to a person, and in the places that he entered. docs/spec/people.md#shown */
import type { Command } from 'commander';
import type { Output } from '../client/session/events.ts';
import { type Hearing, heardFrom, unheard } from '../client/session/kept.ts';
import { systemTimers } from '../server/transport/timers.ts';
import { writeAliases } from '../client/profile/aliases-file.ts';
import { complain, type Shared, converse, registered, tell, whoseOf, withShared } from './person/conversation.ts';
import { readDrawer } from './person/drawer.ts';
import { Filters } from './person/filters.ts';
import { Homecoming, type Unread, unreadIn, unreadLine } from './person/homecoming.ts';
import { lineOf } from './person/lines.ts';
import { presenceLine } from './person/presence.ts';
import { noticeLine } from './person/notices.ts';
import { UNKNOWN_TIME } from './person/show.ts';
import { Refill } from './person/refill.ts';
import { Talk } from './person/talk.ts';
import { count } from './person/target.ts';

interface Options extends Shared {
  readonly count?: number;
  readonly all?: true;
}

/** How long what comes is held back until it is known what is wanted of it. */
const PATIENCE_MS = 1_500;

/** Adds the options, the page and the action of `p3do listen`. */
export function register(command: Command): void {
  withShared(
    command
      .option('--count <messages>', 'end after so many messages', count)
      .option('--all', 'also what p3do notify leaves out'),
    'end after so long; with --count before, the exit code is 1',
  )
    .addHelpText(
      'after',
      `
Stays, and comes back when the circuit is lost. What was said while nobody listened comes first, between two
lines that say how much it is and where it ends. A line is: time (- where its author has signed none), place
(or "to you"; or "request", from somebody who is no friend: p3do help requests; or "friends", from those who come
and go: p3do help presence), who, text. Who said it is

  bob@b.example                           by his own signature, which was checked
  "mum" zoe@b.example                     the same; in quotes, your alias (p3do help alias)
  bob@b.example (according to a.example)  by the word of that server only
  NOT bob@b.example (code)                nobody: signature, seal or key are wrong

Control characters and marks that turn text around are shown escaped. Keys that are new, and keys that
have changed, are told on standard error.

Examples:
  $ p3do listen
  $ p3do listen --as ada@a.example --count 1 --json`,
    )
    .action(async (options: Options) => {
      const whose = await whoseOf(command, options.as);
      const show = new Show(options, whose.nick, (text) => complain(command, text));
      let heard: Hearing = unheard;
      let left = options.count ?? Number.MAX_SAFE_INTEGER;
      let isListening = false;
      let home: Talk | null = null;
      let refill: Refill | null = null;
      await converse(command, whose, {
        ...options,
        channel: 'main',
        heardMax: left,
        late: options.count === undefined ? null : () => 'fewer messages came',
        busy: 'listening',
        async profile() {
          const profile = await registered(command, whose, options);
          if (profile !== null) heard = heardFrom(profile.kept);
          return profile;
        },
        begin(shell) {
          home = new Talk(`psyc://${whose.domain}/~${whose.nick}`, shell);
          const complained = (error: unknown): void => complain(command, String((error as Error).message));
          void prepare(home, whose.folder, heard, show)
            .catch(complained)
            .finally(() => show.begin());
        },
        excusesRefusal: (output) => output.kind === 'gap' || home?.owns(output) === true,
        told(output) {
          home?.take(output);
          if (output.kind === 'ready' && !isListening) {
            isListening = true;
            if (home !== null)
              refill = new Refill(whose, home, ({ message }) =>
                complain(command, `the stock is not filled: ${message}`),
              );
            complain(command, `listening as ${whose.nick}@${whose.domain}`);
            systemTimers.after(PATIENCE_MS, () => show.begin());
          }
          show.take(output);
          if (output.kind === 'heard') left--;
          return left === 0;
        },
      });
      await (refill as Refill | null)?.stop();
      // What was handed out must not be lost for want of an answer.
      show.begin();
      if (show.muted > 0) complain(command, `${show.muted} not shown, by p3do notify (--all shows it)`);
    });
}

/** Finds out what the person wants to be shown, and what was missed. */
async function prepare(home: Talk, folder: string, heard: Hearing, show: Show): Promise<void> {
  const [filters, rules] = [await readDrawer(home, 'filters'), await readDrawer(home, 'rules')];
  const aliases = await readDrawer(home, 'aliases');
  if (aliases !== null) await writeAliases(folder, aliases.lines);
  show.filter(filters?.lines ?? [], rules?.lines ?? []);
  show.missed(await unreadIn(home, heard));
}

/** What is shown, once it is known what is wanted. */
class Show {
  muted = 0;
  readonly #options: Options;
  readonly #nick: string;
  readonly #complain: (text: string) => void;
  #held: Output[] | null = [];
  #filters: Filters | null = null;
  #homecoming: Homecoming | null = null;
  #unread: readonly Unread[] = [];
  /** Said before the first line that is shown: nothing may be left of it by what the person wants to hear. */
  #heading = '';
  readonly #seen = new Set<string>();

  /** `complain`: says something on standard error. */
  constructor(options: Options, nick: string, complained: (text: string) => void) {
    this.#options = options;
    this.#nick = nick;
    this.#complain = complained;
  }

  filter(filters: readonly string[], rules: readonly string[]): void {
    this.#filters = new Filters(this.#nick, this.#options.all === true ? [] : filters, rules);
  }

  missed(unread: readonly Unread[]): void {
    if (this.#held !== null) this.#unread = unread;
  }

  /** Shows what was held back, and everything from now on. */
  begin(): void {
    const held = this.#held ?? [];
    if (this.#held === null) return;
    this.#held = null;
    if (this.#unread.length > 0) {
      this.#homecoming = new Homecoming(this.#unread);
      const since = { kind: 'since you left', unread: this.#unread };
      this.#heading = `--- since you left: ${unreadLine(this.#unread)} ---\n`;
      if (this.#options.json) tell(this.#options, since, '');
    }
    for (const output of held) this.take(output);
  }

  take(output: Output): void {
    if (!['heard', 'deleted', 'member', 'presence', 'act', 'gap'].includes(output.kind)) return;
    if (this.#held !== null) {
      this.#held.push(output);
      return;
    }
    this.#tell(output);
    if (this.#homecoming?.take(output) !== true) return;
    if (this.#options.json || this.#heading === '') tell(this.#options, { kind: 'now' }, '--- now ---\n');
    this.#heading = '';
  }

  #tell(output: Output): void {
    if (output.kind === 'presence') {
      // Who was not here when we came is no news.
      const isNews = output.availability !== 1 || this.#seen.has(output.person);
      this.#seen.add(output.person);
      if (isNews) tell(this.#options, output, `${UNKNOWN_TIME} friends ${presenceLine(output)}\n`);
      return;
    }
    if (output.kind === 'gap') {
      // What the home does not take from somebody blocked is missing: that is no news.
      if (this.#filters?.isBarred(output.author) === true) return;
      if (this.#options.json) tell(this.#options, output, '');
      else this.#complain(noticeLine(output)!);
      return;
    }
    if (output.kind === 'heard' && this.#filters?.isSilenced(output) === true) return;
    if (output.kind === 'heard' && this.#filters?.wants(output) === false) {
      this.muted++;
      return;
    }
    const line = lineOf(output);
    if (line === null) return;
    tell(this.#options, output, `${this.#heading}${line}`);
    this.#heading = '';
  }
}
