/** What may be wished of an answer's way at all, and how many owners there are for it. docs/spec/round-trips.md#stock */
import { onionLimits } from '../onion/limits.ts';
import type { AskCode } from './asker-events.ts';
import { stockLimits } from './stock-limits.ts';
import { ownersFor, type StockServer, type WayWish } from './stock.ts';

/** Of how many owners these are. */
export const groupsOf = (servers: readonly StockServer[]): number => new Set(servers.map(({ group }) => group)).size;

/** Why nobody can be asked so, whichever servers there are; null: it may be tried. */
export function faultOf({ hops, level }: WayWish): AskCode | null {
  // The last layer of a ticket is the asker's own.
  if (!Number.isInteger(hops) || hops < 2 || hops > onionLimits.layersMax - 1) return '_anonymous_excessive_hops';
  return Number.isInteger(level) && level >= 0 && level <= stockLimits.levelMax ? null : '_anonymous_excessive_level';
}

/** Why tickets over so many hops, of secrets of that level, can never be made at servers of these owners; null: they can. */
export function lackOf(
  { hops, level }: WayWish,
  servers: readonly StockServer[],
): '_anonymous_excessive_hops' | '_anonymous_excessive_level' | null {
  const owners = groupsOf(servers);
  if (owners < hops) return '_anonymous_excessive_hops';
  return owners < ownersFor(level) ? '_anonymous_excessive_level' : null;
}
