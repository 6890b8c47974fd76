/** Routes there and tickets back, drawn of the servers and of the stock, as they are wished. docs/spec/round-trips.md#stock */
import type { Suite } from '../crypto/suite.ts';
import type { Station } from '../onion/route.ts';
import type { Hop } from '../onion/seal.ts';
import type { AskWish } from './wish.ts';
import type { Returns } from './returns.ts';
import type { Servers } from './servers.ts';
import type { Stock, StockServer, WayWish } from './stock.ts';
import { hopsOver, routeTo } from './ways.ts';

/** A ticket that was made. */
type Made = ReturnType<Returns['ticket']>;

interface Options {
  readonly suite: Suite;
  readonly stock: Stock;
  readonly servers: Servers;
  readonly returns: Returns;
  /** Secrets were taken out of the stock. */
  readonly taken: () => void;
}

/** One client's; times are Unix milliseconds. */
export class Drawing {
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** A route to this server; null: there are too few servers, or too few secrets where it is to be of these. */
  route({ there, ...wish }: AskWish, last: Station, unixMs: number): readonly Hop[] | null {
    const { suite, servers } = this.#options;
    if (there !== 'secrets') return routeTo(suite, { ...servers.way, hops: wish.hops }, last, unixMs);
    return this.routeOfSecrets(wish, last, unixMs);
  }

  /** One over secrets alone; null: it is dry. */
  routeOfSecrets(wish: WayWish, last: StockServer, unixMs: number): readonly Hop[] | null {
    const { suite, stock, servers, taken } = this.#options;
    const secrets = stock.takeTo(last, wish, Math.floor(unixMs / 1000), servers.keepers);
    if (secrets === null) return null;
    taken();
    return hopsOver(suite, secrets);
  }

  /** So many tickets over these servers, or as many as there are secrets for. */
  tickets(wish: WayWish, count: number, over: readonly StockServer[], unixMs: number): readonly Made[] {
    const { stock, returns, taken } = this.#options;
    const nowSeconds = Math.floor(unixMs / 1000);
    const made: Made[] = [];
    while (made.length < count) {
      const secrets = stock.take(wish, nowSeconds, over);
      if (secrets === null) break;
      taken();
      made.push(returns.ticket(secrets, nowSeconds));
    }
    return made;
  }
}
