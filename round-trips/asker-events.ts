/** What who asks as nobody is told, and what he has his shell do. docs/spec/round-trips.md#library */
import type { OnionCode } from '../onion/error.ts';
import type { Station } from '../onion/route.ts';
import type { Hop } from '../onion/seal.ts';
import type { Packet } from '../psyc/packet.ts';
import type { StockSecret, WayWish } from './stock.ts';
import type { AnonymousRequest, AskWish, There } from './wish.ts';
import type { TripCode } from './trips.ts';

/** Why there is no answer. */
export type AskCode =
  | TripCode
  | OnionCode
  | '_anonymous_unreachable'
  | '_anonymous_excessive_hops'
  | '_anonymous_excessive_level'
  | '_anonymous_home_secrets'
  | '_mor_excessive_watches';

/** What it is told. */
export type AskerEvent =
  /** The servers that the home knows: routes and secrets go over these. */
  | { readonly kind: 'stations'; readonly stations: readonly Station[] }
  /** `wish`: over how many servers the answer comes, and of which level their secrets are. */
  | { readonly kind: 'ask'; readonly trip: string; readonly request: AnonymousRequest; readonly wish: AskWish }
  /** Somebody seals by himself: over one-time secrets, the last one's server this domain. */
  | { readonly kind: 'route'; readonly trip: string; readonly end: string; readonly wish: WayWish }
  | { readonly kind: 'cancel'; readonly trip: string }
  /** Copies of cells that the home has heard. */
  | { readonly kind: 'heard'; readonly cells: readonly Uint8Array[] }
  /** The home gives no copies: of what is out nothing can be heard. */
  | { readonly kind: 'deaf' }
  | { readonly kind: 'taken' | 'refused'; readonly hand: number }
  /** What `keep` asked for is durable. */
  | { readonly kind: 'kept'; readonly keeping: number }
  | { readonly kind: 'wake' };

/** How an answer came, for whoever wants to know how well it was hidden. */
export interface How {
  /** Requests that were sent for it. */
  readonly attempts: number;
  /** Servers that its last cell went over, each opening a layer for its own key, or burning a one-time secret. */
  readonly hopsThere: number;
  readonly there: There;
  /** Servers that the answer came over, each burning a one-time secret. */
  readonly hopsBack: number;
  /** Of all one-time secrets, there and back. */
  readonly level: number;
  /** Waiting times that were drawn for the servers on both ways, and how long it took, in milliseconds. */
  readonly drawnMs: number;
  readonly tookMs: number;
}

/** How full the stock is. */
export interface StockState {
  /** Tickets and routes there that could be made of it, together, and that are wished for. */
  readonly ready: number;
  readonly wished: number;
  /** Secrets of each level, from 0. */
  readonly secrets: readonly number[];
  readonly coming: number;
}

/** What its shell does. */
export type AskerEffect =
  /** Make this the stock, durably; answered by `kept`. What was taken out of it is not used before. */
  | { readonly kind: 'keep'; readonly keeping: number; readonly secrets: readonly StockSecret[] }
  /** Have the home give copies of cells with these hints, and of no others. */
  | { readonly kind: 'watch'; readonly hints: readonly Uint8Array[] }
  /** Hand a cell to the home; answered by `taken` or `refused`. */
  | { readonly kind: 'hand'; readonly hand: number; readonly cell: Uint8Array }
  | { readonly kind: 'answer'; readonly trip: string; readonly packets: readonly Packet[]; readonly how: How }
  | { readonly kind: 'failure'; readonly trip: string; readonly code: AskCode }
  /** A route that was waited for, for one cell. */
  | { readonly kind: 'route'; readonly trip: string; readonly hops: readonly Hop[] }
  /** Too few secrets are there for it; it goes on when there are more. */
  | { readonly kind: 'dry'; readonly trip: string }
  /** The stock has changed. */
  | { readonly kind: 'stock'; readonly state: StockState }
  /** Give the event `wake` at this time; a new one replaces the old. */
  | { readonly kind: 'wake'; readonly atMs: number };
