/** How full a stock is, as its owner is told. docs/spec/round-trips.md#stock */
import type { StockState } from './asker-events.ts';
import type { Stock, StockServer, StockWish } from './stock.ts';

/** Of tickets at these servers, and of secrets wherever they are; `coming`: so many are being fetched. */
export function stateOf(
  stock: Stock,
  wish: StockWish,
  servers: readonly StockServer[],
  nowSeconds: number,
  coming: number,
): StockState {
  const { all } = stock;
  const levels = Math.max(wish.level, ...all.map(({ level }) => level)) + 1;
  return {
    ready: stock.tickets(wish, nowSeconds, servers),
    wished: wish.tickets + (wish.routes ?? 0),
    secrets: Array.from({ length: levels }, (_, at) => all.filter(({ level }) => level === at).length),
    coming,
  };
}
