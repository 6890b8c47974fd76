/** Routes of one-time secrets that somebody waits for who seals by himself. docs/spec/round-trips.md#routes */
import type { Hop } from '../onion/seal.ts';
import { type Demand, routeDemands } from './refill.ts';
import type { StockServer, WayWish } from './stock.ts';
import { stockLimits } from './stock-limits.ts';
import { tripLimits } from './trip-limits.ts';

interface Awaited {
  readonly end: StockServer;
  readonly wish: WayWish;
}

/** Those of one client, the first first. */
export class AwaitedRoutes {
  readonly #awaited = new Map<string, Awaited>();
  /** Until then it is waited for the next one. */
  #endsMs = Number.POSITIVE_INFINITY;

  get nextMs(): number {
    return this.#endsMs;
  }

  /** false: too many are waited for, or one of this name. */
  add(name: string, awaited: Awaited, nowMs: number): boolean {
    if (this.#awaited.size >= stockLimits.awaitedMax || this.#awaited.has(name)) return false;
    this.#awaited.set(name, awaited);
    if (this.#awaited.size === 1) this.#wait(nowMs);
    return true;
  }

  has(name: string): boolean {
    return this.#awaited.has(name);
  }

  /** Those that can be drawn now, which are awaited no more. */
  served(take: (awaited: Awaited) => readonly Hop[] | null, nowMs: number): readonly [string, readonly Hop[]][] {
    return [...this.#awaited].flatMap(([name, awaited]) => {
      const hops = take(awaited);
      if (hops === null) return [];
      this.#awaited.delete(name);
      this.#wait(nowMs);
      return [[name, hops]];
    });
  }

  /** Nothing comes any more: all their names. */
  drop(): readonly string[] {
    const names = [...this.#awaited.keys()];
    this.#awaited.clear();
    this.#endsMs = Number.POSITIVE_INFINITY;
    return names;
  }

  /** What is wanted for them, those with one end and wish together. */
  demands(othersThan: (end: StockServer) => readonly StockServer[]): readonly Demand[] {
    const alike = new Map<string, { readonly first: Awaited; count: number }>();
    for (const awaited of this.#awaited.values()) {
      const { end, wish } = awaited;
      const kind = `${end.domain} ${wish.level} ${wish.hops}`;
      const known = alike.get(kind) ?? { first: awaited, count: 0 };
      known.count++;
      alike.set(kind, known);
    }
    return [...alike.values()].flatMap(({ first: { end, wish }, count }) =>
      routeDemands(end, { ...wish, tickets: 0, routes: count }, othersThan(end)),
    );
  }

  #wait(nowMs: number): void {
    this.#endsMs = this.#awaited.size === 0 ? Number.POSITIVE_INFINITY : nowMs + tripLimits.tripMs;
  }
}
