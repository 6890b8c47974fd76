/** What somebody asks as nobody, and how well it is to be hidden. docs/spec/round-trips.md#library */
import type { Value } from '../psyc/render.ts';
import type { WayWish } from './stock.ts';

/** What is asked: a `_request` with entity variables. */
export interface AnonymousRequest {
  readonly target: string;
  readonly method: string;
  readonly entity: Readonly<Record<string, Value>>;
}

/** What the layers of a way there are for: keys of servers, which whoever knows these sees, or one-time secrets. */
export type There = 'keys' | 'secrets';

/** What one question wants of its tickets, and of the way there: of keys, where nothing else is said. */
export interface AskWish extends WayWish {
  readonly there?: There;
}
