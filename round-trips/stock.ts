/** A client's stock of one-time secrets: which servers keep them, of which level, and what is to be fetched next. docs/spec/round-trips.md#stock */
import { hexOf } from '../crypto/bytes.ts';
import { drawOne } from '../onion/chance.ts';
import type { Random } from '../onion/keys.ts';
import { stockLimits } from './stock-limits.ts';

/** A secret of 32 bytes that a server keeps for us. */
export interface StockSecret {
  readonly secret: Uint8Array;
  /** The registrable domain of the server. */
  readonly group: string;
  readonly domain: string;
  /** 0: it came with a deposit; n: it was agreed on over a ticket of n + 1 secrets of level n - 1. */
  readonly level: number;
  /** The onion that brought it, or the exchange: no ticket has two of one. */
  readonly origin: string;
  /** Unix seconds. */
  readonly expiry: number;
}

/** How well one way is hidden, there or back. */
export interface WayWish {
  /** Of which level its secrets are: the comfort zone. */
  readonly level: number;
  /** Servers that it goes over. */
  readonly hops: number;
}

/** What its owner wants, a setting. */
export interface StockWish extends WayWish {
  /** So many tickets are to be there at any time. */
  readonly tickets: number;
  /** And secrets for so many routes there beside them; none where it is not said. */
  readonly routes?: number;
}

/** A server that secrets can be at. */
export interface StockServer {
  readonly domain: string;
  readonly group: string;
}

/** What is to be done for the wish. */
export type StockTask =
  /** Send an onion whose one deposit is at this server. */
  | { readonly kind: 'deposit'; readonly at: StockServer }
  /** Ask this server for a secret, over a ticket of these, which are taken out of the stock. */
  | { readonly kind: 'agree'; readonly at: StockServer; readonly level: number; readonly over: readonly StockSecret[] };

/** How many secrets of the level below one costs, each of another owner: so many servers stand between its own and the home of who agrees on it. */
const costOf = (level: number): number => level + 1;

/** Of how many owners servers must be so that secrets of a level can be had: its own and those of its ticket; a deposit has a server before it and one behind it. */
export const ownersFor = (level: number): number => Math.max(3, costOf(level) + 1);

/** A secret that is being fetched: not there yet, and no other need be fetched for it. */
export interface ComingSecret {
  readonly group: string;
  readonly level: number;
}

/** What a task is chosen among. */
interface Around {
  /** Where the next secret may be. */
  readonly at: readonly StockServer[];
  /** Where those may be that it is got over. */
  readonly all: readonly StockServer[];
  readonly nowSeconds: number;
  readonly coming: readonly ComingSecret[];
}

/** Where secrets may be: at servers that are there. null: at any. */
type Servers = readonly StockServer[] | null;

const { levelMax, ticketsMax, routesMax, secretsMax, leastSeconds } = stockLimits;

/** How many tickets over so many groups can be made, if no group gives one more than one of its secrets. */
function ticketsOf(counts: readonly number[], hops: number): number {
  let count = 0;
  while (counts.reduce((sum, of) => sum + Math.min(of, count + 1), 0) >= hops * (count + 1)) count++;
  return count;
}

const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** What there is. Whatever is taken out does not come back: it may have been seen. */
export class Stock {
  readonly #random: Random;
  readonly #secrets = new Map<string, StockSecret>();

  /** With what was kept. */
  constructor(random: Random, kept: readonly StockSecret[] = []) {
    this.#random = random;
    for (const secret of kept) this.add(secret);
  }

  /** All, to be kept in a file. */
  get all(): readonly StockSecret[] {
    return [...this.#secrets.values()];
  }

  /** A secret is there; false: it was there already, or there are too many. */
  add(secret: StockSecret): boolean {
    const name = hexOf(secret.secret);
    if (this.#secrets.has(name) || this.#secrets.size >= secretsMax) return false;
    this.#secrets.set(name, secret);
    return true;
  }

  /** Forgets what is over, or nearly. */
  tidy(nowSeconds: number): void {
    for (const [name, { expiry }] of this.#secrets) if (expiry - leastSeconds <= nowSeconds) this.#secrets.delete(name);
  }

  /** How many tickets, or routes, could be made one after the other at best, of secrets at these servers: draws are even, and may leave one or two fewer. */
  tickets({ level, hops }: WayWish, nowSeconds: number, at: Servers = null): number {
    return ticketsOf(this.#counts(level, [], nowSeconds, at), hops);
  }

  /**
   * The secrets of a ticket, the first hop's first, out of the stock: of the level that is wished and no lower one, of as many
   * groups and origins, at these servers. null: it is dry.
   */
  take(wish: WayWish, nowSeconds: number, at: Servers = null): readonly StockSecret[] | null {
    return this.tickets(wish, nowSeconds, at) === 0
      ? null
      : this.#draw(this.#byGroup(wish.level, nowSeconds, at), wish.hops);
  }

  /** The same for a route, whose last hop is this server. */
  takeTo(
    end: StockServer,
    { level, hops }: WayWish,
    nowSeconds: number,
    at: readonly StockServer[],
  ): readonly StockSecret[] | null {
    const ends = this.#byGroup(level, nowSeconds, [end]).get(end.group) ?? [];
    if (ends.length === 0) return null;
    const last = drawOne(this.#random, ends);
    const others = at.filter(({ group }) => group !== end.group);
    const before = this.#draw(this.#byGroup(level, nowSeconds, others), hops - 1, last.origin);
    if (before === null) return null;
    this.#secrets.delete(hexOf(last.secret));
    return [...before, last];
  }

  /** So many of these, of as many groups and origins, none of this one, out of the stock. null: there are too few. */
  #draw(groups: Map<string, StockSecret[]>, count: number, but?: string): readonly StockSecret[] | null {
    const taken: StockSecret[] = [];
    while (taken.length < count) {
      const origins = new Set([but, ...taken.map(({ origin }) => origin)]);
      const left = [...groups.values()].flatMap((secrets) => {
        const free = secrets.filter(({ origin }) => !origins.has(origin));
        return free.length === 0 ? [] : [free];
      });
      if (left.length === 0) return null;
      // A server first, then one of its secrets: who keeps many is no likelier.
      const one = drawOne(this.#random, drawOne(this.#random, left));
      groups.delete(one.group);
      taken.push(one);
    }
    for (const { secret } of taken) this.#secrets.delete(hexOf(secret));
    return taken;
  }

  /**
   * The next thing to do for a wish, at one of these servers; null: nothing lacks beside what is coming, or it cannot be done. An
   * `agree` takes its secrets out, which may be at any of `all`.
   */
  next(
    wish: StockWish,
    servers: readonly StockServer[],
    nowSeconds: number,
    coming: readonly ComingSecret[] = [],
    all: readonly StockServer[] = servers,
  ): StockTask | null {
    const { routes = 0 } = wish;
    if (wish.level > levelMax || wish.tickets > ticketsMax || routes > routesMax)
      throw new RangeError('no such stock may be wished for');
    const counts = this.#counts(wish.level, coming, nowSeconds, servers);
    const wished = wish.tickets + routes;
    if (ticketsOf(counts, wish.hops) >= wished || this.#secrets.size + coming.length >= secretsMax) return null;
    if (new Set(all.map(({ group }) => group)).size < ownersFor(wish.level)) return null;
    const lack = wish.hops * wished - sumOf(counts);
    return this.#reach(wish.level, Math.max(1, lack), { at: servers, all, nowSeconds, coming });
  }

  /** How to get one of so many secrets of a level that lack: over some of the level below, at other servers, or one of those first. */
  #reach(level: number, lack: number, around: Around): StockTask | null {
    const { all, nowSeconds, coming } = around;
    const at = this.#poorest(level, around.at, nowSeconds, coming);
    if (at === null) return null;
    if (level === 0) return { kind: 'deposit', at };
    const others = all.filter(({ group }) => group !== at.group);
    const below = this.#byGroup(level - 1, nowSeconds, others);
    const over = this.#draw(below, costOf(level));
    if (over !== null) return { kind: 'agree', at, level, over };
    const counts = this.#counts(level - 1, coming, nowSeconds, others);
    const left = lack * costOf(level) - sumOf(counts);
    return ticketsOf(counts, costOf(level)) >= lack
      ? null
      : this.#reach(level - 1, Math.max(1, left), { ...around, at: others });
  }

  /** Of the servers whose groups have the fewest secrets of the level, any. */
  #poorest(
    level: number,
    servers: readonly StockServer[],
    nowSeconds: number,
    coming: readonly ComingSecret[],
  ): StockServer | null {
    const groups = this.#byGroup(level, nowSeconds);
    const countOf = ({ group }: StockServer): number =>
      (groups.get(group)?.length ?? 0) + coming.filter((one) => one.level === level && one.group === group).length;
    const fewest = Math.min(...servers.map(countOf));
    const poorest = servers.filter((server) => countOf(server) === fewest);
    return poorest.length === 0 ? null : drawOne(this.#random, poorest);
  }

  /** How many of a level each group has, or will have. */
  #counts(level: number, coming: readonly ComingSecret[], nowSeconds: number, at: Servers): number[] {
    const counts = new Map([...this.#byGroup(level, nowSeconds, at)].map(([group, { length }]) => [group, length]));
    for (const secret of coming) {
      if (secret.level === level && (at === null || at.some(({ group }) => group === secret.group)))
        counts.set(secret.group, (counts.get(secret.group) ?? 0) + 1);
    }
    return [...counts.values()];
  }

  #byGroup(level: number, nowSeconds: number, at: Servers = null): Map<string, StockSecret[]> {
    const groups = new Map<string, StockSecret[]>();
    const domains = at === null ? null : new Set(at.map(({ domain }) => domain));
    for (const secret of this.#secrets.values()) {
      if (secret.level !== level || secret.expiry - leastSeconds <= nowSeconds) continue;
      if (domains?.has(secret.domain) === false) continue;
      groups.set(secret.group, [...(groups.get(secret.group) ?? []), secret]);
    }
    return groups;
  }
}
