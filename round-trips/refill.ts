/** Fetching what lacks: for who waits first, then for the stock. docs/spec/round-trips.md#stock */
import type { Fetches } from './fetches.ts';
import { ownersFor, type Stock, type StockServer, type StockWish } from './stock.ts';
import { stockLimits } from './stock-limits.ts';
import type { Way } from './ways.ts';

/** What is wanted of the stock. */
export interface Demand {
  readonly wish: StockWish;
  /** Where its secrets may be. */
  readonly among: readonly StockServer[];
  /** Servers that each is fetched over. */
  readonly hops: number;
}

/** What is fetched with. */
interface Around {
  readonly stock: Stock;
  readonly fetches: Fetches;
  /** All servers that secrets are left at. */
  readonly servers: readonly StockServer[];
  readonly way: Omit<Way, 'hops'>;
  /** A clock that only goes forward, and Unix time. */
  readonly nowMs: number;
  readonly unixMs: number;
  /** Secrets were taken out of the stock, for what is held next. */
  readonly taken: () => void;
  readonly hold: (begun: { readonly name: string; readonly cell: Uint8Array }) => void;
}

/** Begins as much as may be under way at a time. */
export function fetchFor(demands: readonly Demand[], around: Around): void {
  const { stock, fetches, servers, way, nowMs, unixMs, taken, hold } = around;
  for (const { wish, among, hops } of demands) {
    for (;;) {
      const coming = fetches.coming(nowMs);
      if (coming.length >= stockLimits.comingMax) return;
      const at = fetches.enough(among, wish.hops, nowMs);
      const all = fetches.enough(servers, ownersFor(wish.level), nowMs);
      if (at === null || all === null) break;
      const task = stock.next(wish, at, Math.floor(unixMs / 1000), coming, all);
      if (task === null) break;
      if (task.kind === 'agree') taken();
      const begun = fetches.begin(task, { ...way, hops }, nowMs, unixMs);
      if (begun === null) return;
      hold(begun);
    }
  }
}

/** What routes that end at this server take: so many secrets there, and others elsewhere, for tickets too. */
export const routeDemands = (
  end: StockServer,
  { level, hops, tickets, routes = 0 }: StockWish,
  others: readonly StockServer[],
): readonly Demand[] => {
  const atEnd = { level, hops: 1, tickets: 0, routes: Math.min(routes, stockLimits.routesMax) };
  return [
    ...(routes === 0 ? [] : [{ wish: atEnd, among: [end], hops }]),
    { wish: { ...atEnd, hops, tickets }, among: others, hops },
  ];
};
