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
  readonly routes?: number;
  readonly fill?: true;
  readonly unvouched?: true;
}

const { levelMax, ticketsMax, routesMax } = stockLimits;
const { hopsMin, askHopsMax } = anonymousLimits;

const PATIENCE_SECONDS = 600;

/** Adds the options, the page and the action of `p3do stock`. */
export function register(command: Command): void {
  withShared(
    withUnvouched(
      command
        .option('--level <number>', `of which level: 0 to ${levelMax}; kept as a setting`, between(0, levelMax))
        .option(
          '--hops <number>',
          `servers that a ticket goes over, and a route: ${hopsMin} to ${askHopsMax}; kept`,
          between(hopsMin, askHopsMax),
        )
        .option('--tickets <number>', `tickets that are to be there: 0 to ${ticketsMax}; kept`, between(0, ticketsMax))
        .option(
          '--routes <number>',
          `routes there of secrets, beside the tickets: 0 to ${routesMax}; kept`,
          between(0, routesMax),
        )
        .option('--fill', 'fetch what lacks, and end'),
    ),
    'how long to fetch (600)',
  )
    .addHelpText(
      'after',
      `
An anonymous question carries tickets, over which its answer comes back. A ticket is made of one-time secrets, each at
another server, which forgets it with its use. One of level 0 was left there by an onion: that server, one more and your
home know together whose it is. One of level n was agreed on over a ticket of n + 1 secrets of level n - 1: it takes that
many servers more. A level costs two, three and four times what the one below it costs.
With --routes secrets are kept for the way there, too, and used for it: who sees a layer for a server's key knows for which
server it is, and who gets the key while it counts opens it; of a layer for a secret nobody knows anything but its server.
Without --fill it shows what there is. What lacks is fetched by p3do listen and p3do chat as long as they run, and by
what asks as nobody while it waits; --tickets 0 ends that. Secrets are left only at servers for which domains vouch
that you know (p3do help send).

Examples:
  $ p3do stock
  $ p3do stock --level 2 --tickets 8 --fill`,
    )
    .action(async (options: Options) => {
      const { fill = false } = options;
      if (options.unvouched === true && !fill) command.error('--unvouched needs --fill');
      const whose = await whoseOf(command, options.as);
      const before = await readWish(whose.folder);
      const { level, hops, tickets, routes } = { ...before, ...options };
      const wish = { level, hops, tickets, routes };
      if (JSON.stringify(wish) !== JSON.stringify(before)) await writeWish(whose.folder, wish);
      if (fill) {
        const timeout = options.timeout ?? PATIENCE_SECONDS;
        await talk(command, { ...options, timeout }, async (home) => {
          const filling = { whose, wish, isAll: false, isShown: true };
          await asking(command, options, home, filling, async (one) => one.filled());
        });
      }
      show(options, wish, await readStock(whose.folder));
    });
}

function show(options: Options, wish: Required<StockWish>, secrets: readonly StockSecret[]): void {
  const now = Math.floor(Date.now() / 1000);
  const stock = new Stock(suite.random, secrets);
  stock.tidy(now);
  const all = stock.all;
  const counts = Array.from({ length: levelMax + 1 }, (_, at) => all.filter(({ level }) => level === at).length);
  const servers = new Set(all.map(({ domain }) => domain)).size;
  const until = all.length === 0 ? null : Math.min(...all.map(({ expiry }) => expiry));
  const ready = stock.tickets(wish, now);
  const { level, hops, tickets, routes } = wish;
  const both = routes === 0 ? '' : ` and ${routes} routes there`;
  const lines = [
    `wished: ${tickets} tickets${both} over ${hops} servers, of secrets of level ${level}`,
    `ready: ${ready} tickets${routes === 0 ? '' : ' or routes'}`,
    secretsLine({ secrets: counts, coming: 0 }) + (servers === 0 ? '' : `, at ${servers} servers`),
    ...(until === null ? [] : [`the first is over at ${new Date(until * 1000).toISOString().slice(0, 16)}Z`]),
  ];
  tell(options, { kind: 'stock', ...wish, ready, secrets: counts, servers, until }, `${lines.join('\n')}\n`);
}
