/** What commands ask with as nobody: the stock of the person's folder, and his home. docs/spec/round-trips.md#stock */
import { type Command, Option } from 'commander';
import type { How, StockState } from '../../round-trips/asker-events.ts';
import type { AskWish, There } from '../../round-trips/wish.ts';
import { type Asking, type AskingOptions, Refused } from '../../client/anonymous/asking.ts';
import { AnonymousError } from '../../client/anonymous/error.ts';
import { anonymousLimits } from '../../client/anonymous/limits.ts';
import { readStock, readWish } from '../../client/anonymous/stock-file.ts';
import type { StockWish } from '../../round-trips/stock.ts';
import { stockLimits } from '../../round-trips/stock-limits.ts';
import type { Whose } from '../../client/profile/profile.ts';
import { lock } from '../../client/profile/lock.ts';
import { askingFor } from './asking-for.ts';
import { complain, fail, type Shared } from './conversation.ts';
import { believing, pinsFor, withUnvouched } from './stations.ts';
import type { Talk } from './talk.ts';
import { between } from './target.ts';

/** How it is asked. */
export interface AskingWish {
  readonly whose: Whose;
  readonly wish: StockWish;
  /** Take all cells from the home, and not those with our tags only. */
  readonly isAll: boolean;
  /** Whether it is told from the beginning how many secrets there are. */
  readonly isShown: boolean;
  /** Where what the home shows is asked for already; without: here. */
  readonly stations?: AskingOptions['stations'] | undefined;
}

/** Does `course` with what asks as nobody. What fails is told. */
export async function asking(
  command: Command,
  options: Pick<Shared, 'json'> & { readonly unvouched?: true },
  home: Talk,
  { whose, wish, isAll, isShown, stations }: AskingWish,
  course: (asking: Asking) => Promise<void>,
): Promise<void> {
  const progress = new StockProgress(command, isShown);
  // Whoever fills it in the background gives it up at once.
  const release = await lock(whose.folder, 'stock', () => {});
  const { unvouched } = options;
  const one = askingFor({
    whose,
    home,
    wish,
    kept: await readStock(whose.folder),
    isAll,
    stations: stations ?? believing(command, home, { domain: whose.domain, pins: await pinsFor(whose), unvouched }),
    told(news) {
      if (news.kind === 'missed') progress.missed(news.cells);
      else if (news.kind === 'dry') progress.dry();
      else progress.stock(news.state);
    },
  });
  try {
    if (await one.begin()) await course(one);
  } catch (error) {
    if (error instanceof AnonymousError) fail(command, options, error.code, `${error.message} (${error.code})`);
    // Why has been told.
    else if (!(error instanceof Refused)) throw error;
  } finally {
    await one.stop();
    await release();
  }
}

/** Options of those that ask one thing as nobody, if they are to. */
export interface HiddenOptions {
  readonly anonymous?: true;
  readonly hops?: number;
  readonly level?: number;
  readonly there?: There;
  readonly all?: true;
  readonly unvouched?: true;
}

const { askHopsMax, hopsMin } = anonymousLimits;

/** Of which kind the layers of a way there are. */
export const thereOption = (before = ''): Option =>
  new Option(
    '--there <kind>',
    `${before}over keys of servers, or one-time secrets (secrets where p3do stock keeps routes, else keys)`,
  ).choices(['keys', 'secrets'] satisfies There[]);

/** Adds what says how well it is hidden; `before` stands in front of each. `--anonymous` is the command's own. */
export const withHidden = (command: Command, before = ''): Command =>
  withUnvouched(
    command
      .option(
        '--hops <number>',
        `${before}servers on the way, and on the way back: ${hopsMin} to ${askHopsMax} (as p3do stock says)`,
        between(hopsMin, askHopsMax),
      )
      .option(
        '--level <number>',
        `${before}of one-time secrets on both ways: 0 to ${stockLimits.levelMax} (as p3do stock says)`,
        between(0, stockLimits.levelMax),
      )
      .addOption(thereOption(before))
      .option('--all', `${before}take all cells that your home hears, so that it does not see which are yours`),
  );

/** Ends the command where something is to be hidden that is asked in one's own name. */
export function refuseHidden(command: Command, { hops, level, there, all, unvouched }: HiddenOptions): void {
  if ((hops ?? level ?? there ?? all ?? unvouched) !== undefined)
    command.error('--hops, --level, --there, --all and --unvouched need --anonymous');
}

/** The same for who asks something: first what that needs is fetched, of the level and over the hops that the options say, or the stock; beside it what the stock lacks. */
export async function askingOnce(
  command: Command,
  options: Pick<Shared, 'json'> & HiddenOptions & Pick<AskingWish, 'stations'>,
  home: Talk,
  whose: Whose,
  course: (asking: Asking, wish: AskWish) => Promise<void>,
): Promise<void> {
  const kept = await readWish(whose.folder);
  const { hops = kept.hops, level = kept.level, there = thereIn(kept), all, stations } = options;
  await asking(
    command,
    options,
    home,
    { whose, wish: kept, isAll: all === true, isShown: false, stations },
    async (one) => course(one, { hops, level, there }),
  );
}

/** Who keeps secrets for routes there wants them used. */
export const thereIn = ({ routes }: Pick<Required<StockWish>, 'routes'>): There => (routes > 0 ? 'secrets' : 'keys');

/** What is told while secrets are fetched: on standard error, each change once, from when somebody waits for it. */
class StockProgress {
  readonly #command: Command;
  #isWaited: boolean;
  #state: StockState | null = null;
  #told = '';
  #missed = 0;

  constructor(command: Command, isWaited: boolean) {
    this.#command = command;
    this.#isWaited = isWaited;
  }

  dry(): void {
    if (!this.#isWaited)
      complain(this.#command, 'the stock is dry: secrets are fetched first, and nothing weaker is used');
    this.#isWaited = true;
    this.#tell();
  }

  missed(cells: number): void {
    this.#missed += cells;
    const many = `your home had no room for ${this.#missed === 1 ? 'one cell' : `${this.#missed} cells`} so far`;
    complain(this.#command, `${many}: an answer among them is asked for again`);
  }

  stock(state: StockState): void {
    this.#state = state;
    if (this.#isWaited) this.#tell();
  }

  #tell(): void {
    if (this.#state === null) return;
    const text = secretsLine(this.#state);
    if (text !== this.#told) complain(this.#command, text);
    this.#told = text;
  }
}

/** `secrets: 3 of level 0, 2 of level 1; 4 are being fetched`. */
export function secretsLine({ secrets, coming }: Pick<StockState, 'secrets' | 'coming'>): string {
  const levels = secrets.flatMap((count, level) => (count === 0 ? [] : [`${count} of level ${level}`]));
  return `secrets: ${levels.length === 0 ? 'none' : levels.join(', ')}${coming === 0 ? '' : `; ${coming} are being fetched`}`;
}

const seconds = (ms: number): string => (ms / 1000).toFixed(1);

/** How an answer came: which kind of layers it went over, and how long it waited as was drawn for it. */
export const howLine = ({ attempts, hopsThere, there, hopsBack, level, drawnMs, tookMs }: How): string =>
  `answered after ${seconds(tookMs)} s, of which ${seconds(drawnMs)} s were drawn for waiting at servers; ` +
  `${attempts === 1 ? 'asked once' : `asked ${attempts} times`}; there over ${hopsThere} servers by ${there === 'keys' ? 'their keys' : 'one-time secrets'}, ` +
  `back over ${hopsBack} by one-time secrets of level ${level}`;
