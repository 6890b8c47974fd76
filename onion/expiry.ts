/** When a layer expires: never chosen, since one odd second in all layers would link them. docs/spec/onion.md#expiry */
import type { OnionCode } from './error.ts';
import { onionLimits } from './limits.ts';

const HOUR = 3600;
const DAY = 86_400;
const WEEK = 7 * DAY;
const { skewSecondsMax } = onionLimits;

/** The second full hour (UTC) after making, Unix seconds: of layers that travel at once. */
export const hourExpiry = (nowSeconds: number): number => (Math.floor(nowSeconds / HOUR) + 2) * HOUR;

/** The first midnight (UTC) at least seven days ahead, Unix seconds: of deposits, and of layers of tickets. */
export const midnightExpiry = (nowSeconds: number): number => Math.ceil((nowSeconds + WEEK) / DAY) * DAY;

/** What is wrong with an expiry, given that clocks may differ; null where nothing is. `isLong` for the midnight's. */
export function expiryFault(expiry: number, isLong: boolean, nowSeconds: number): OnionCode | null {
  const last = (isLong ? midnightExpiry : hourExpiry)(nowSeconds + skewSecondsMax);
  if (expiry % (isLong ? DAY : HOUR) !== 0 || expiry === 0 || expiry > last) return '_onion_invalid_expiry';
  return nowSeconds >= expiry + skewSecondsMax ? '_onion_expired' : null;
}

/** Until when a layer with this expiry may open somewhere, and what must not be opened twice is remembered. */
export const keptUntil = (expiry: number): number => expiry + skewSecondsMax;
