/** `p3do stock`: the one-time secrets that answers to anonymous questions come over. docs/spec/round-trips.md#stock */
import type { Command } from 'commander';
import { anonymousLimits } from '../client/anonymous/limits.ts';
import { readStock, readWish, writeWish } from '../client/anonymous/stock-file.ts';
import { stockLimits } from '../round-trips/stock-limits.ts';
import { Stock, type StockSecret, type StockWish } from '../round-trips/stock.ts';
import { suite } from '../server/suite.ts';
import { asking, secretsLine } from './person/asking.ts';
import { type Shared, tell, whoseOf, withShared } from './person/conversation.ts';
import { talk } from './person/talk.ts';
import { withUnvouched } from './person/stations.ts';
import { between } from './person/target.ts';

interface Options extends Shared {
  readonly level?: number;
  readonly hops?: number;
  readonly tickets?: number;
  readonly fill?: true;
  readonly stay?: true;
  readonly unvouched?: true;
}

const { levelMax, ticketsMax } = stockLimits;
const { hopsMin, askHopsMax } = anonymousLimits;

const PATIENCE_SECONDS = 600;
const STAY_SECONDS = 30 * 86_400;

/** Adds the options, the page and the action of `p3do stock`. */
export function register(command: Command): void {
  withShared(
    withUnvouched(
      command
        .option('--level <number>', `of which level: 0 to ${levelMax}; kept as a setting`, between(0, levelMax))
        .option(
          '--hops <number>',
          `servers that a ticket goes over: ${hopsMin} to ${askHopsMax}; kept`,
          between(hopsMin, askHopsMax),
        )
        .option('--tickets <number>', `tickets that are to be there: 0 to ${ticketsMax}; kept`, between(0, ticketsMax))
        .option('--fill', 'fetch what lacks, and end')
        .option('--stay', 'fetch what lacks whenever it does, until Ctrl-C'),
    ),
    'how long to fetch (600)',
  )
    .addHelpText(
      'after',
      `
An anonymous question carries tickets, over which its answer comes back. A ticket is made of one-time secrets, each at
another server, which forgets it with its use. One of level 0 was left there by an onion, and that server and your home
know together whose it is; one of level n was agreed on over a ticket of level n - 1, and it takes one server more.
Without --fill and --stay it shows what there is; p3do ask fetches what it needs. Secrets are left only at servers for
which domains vouch that you know (p3do help send).

Examples:
  $ p3do stock
  $ p3do stock --level 2 --tickets 8 --fill
  $ p3do stock --stay`,
    )
    .action(async (options: Options) => {
      const isFetching = options.fill === true || options.stay === true;
      if (options.unvouched === true && !isFetching) command.error('--unvouched needs --fill or --stay');
      const whose = await whoseOf(command, options.as);
      const before = await readWish(whose.folder);
      const { level = before.level, hops = before.hops, tickets = before.tickets } = options;
      const wish = { level, hops, tickets };
      if (JSON.stringify(wish) !== JSON.stringify(before)) await writeWish(whose.folder, wish);
      if (isFetching) {
        const timeout = options.timeout ?? (options.stay === true ? STAY_SECONDS : PATIENCE_SECONDS);
        await talk(command, { ...options, timeout }, async (home) => {
          await asking(command, options, home, { whose, wish, isAll: false, isShown: true }, async (one) => {
            await one.filled();
            if (options.stay === true) await new Promise(() => {});
          });
        });
      }
      show(options, wish, await readStock(whose.folder));
    });
}

function show(options: Options, wish: StockWish, secrets: readonly StockSecret[]): void {
  const now = Math.floor(Date.now() / 1000);
  const stock = new Stock(suite.random, secrets);
  stock.tidy(now);
  const all = stock.all;
  const counts = Array.from({ length: levelMax + 1 }, (_, at) => all.filter(({ level }) => level === at).length);
  const servers = new Set(all.map(({ domain }) => domain)).size;
  const until = all.length === 0 ? null : Math.min(...all.map(({ expiry }) => expiry));
  const ready = stock.tickets(wish, now);
  const { level, hops, tickets } = wish;
  const lines = [
    `wished: ${tickets} tickets over ${hops} servers, of secrets of level ${level}`,
    `ready: ${ready} tickets`,
    secretsLine({ secrets: counts, coming: 0 }) + (servers === 0 ? '' : `, at ${servers} servers`),
    ...(until === null ? [] : [`the first is over at ${new Date(until * 1000).toISOString().slice(0, 16)}Z`]),
  ];
  tell(options, { kind: 'stock', ...wish, ready, secrets: counts, servers, until }, `${lines.join('\n')}\n`);
}
