/** The servers that an asker knows: who may be on a way, who keeps secrets, and what cannot be wished of them. docs/spec/round-trips.md#library */
import type { Station } from '../onion/route.ts';
import { registrableOf } from '../pki/network.ts';
import type { AskCode } from './asker-events.ts';
import { groupsOf, lackOf } from './ask-wish.ts';
import type { StockServer, WayWish } from './stock.ts';
import type { Way } from './ways.ts';
import type { AskWish } from './wish.ts';

/** Those of one client's home. */
export class Servers {
  readonly #home: string;
  #stations: readonly Station[] = [];
  #keepers: readonly StockServer[] = [];

  constructor(home: string) {
    this.#home = home;
  }

  /** These are there now. */
  set(stations: readonly Station[]): void {
    this.#stations = stations;
    // Who hands cells in to it is known to the home: as a hop it would know more than others.
    this.#keepers = stations
      .filter(({ group }) => group !== registrableOf(this.#home))
      .map(({ domain, group }) => ({ domain, group }));
  }

  /** Those that secrets are left at. */
  get keepers(): readonly StockServer[] {
    return this.#keepers;
  }

  get way(): Omit<Way, 'hops'> {
    return { stations: this.#stations, home: this.#home };
  }

  /** undefined: the home does not know it. */
  find(domain: string): Station | undefined {
    return this.#stations.find((station) => station.domain === domain);
  }

  /** Those that an answer may come over: who is asked, or owns who is asked, would see his own answer again on its way. */
  but({ group: not }: StockServer): readonly StockServer[] {
    return this.#keepers.filter(({ group }) => group !== not);
  }

  /** Why there can be no way of secrets that ends there, with so many owners beside; null: there can. */
  faultTo(last: StockServer | undefined, wish: WayWish, others: number): AskCode | null {
    if (last === undefined) return '_anonymous_unreachable';
    // The home would be at both ends of the way that this secret was fetched over.
    if (last.group === registrableOf(this.#home)) return '_anonymous_home_secrets';
    return groupsOf(this.but(last)) < others ? '_anonymous_excessive_hops' : this.lack(wish);
  }

  /** Why this server cannot be asked so, and its answer come back; null: it can, for all that is known. */
  faultOfAsk(last: StockServer | undefined, wish: AskWish): AskCode | null {
    if (wish.there === 'secrets') return this.faultTo(last, wish, wish.hops);
    if (last === undefined) return '_anonymous_unreachable';
    return groupsOf(this.but(last)) < wish.hops ? '_anonymous_excessive_hops' : null;
  }

  /** Why secrets of that level, of so many owners, can never be had; null: they can. */
  lack(wish: WayWish): ReturnType<typeof lackOf> {
    return lackOf(wish, this.#keepers);
  }
}
