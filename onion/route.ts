/** Routes: which servers an onion goes over, and how long it waits at each. docs/spec/onion.md#routes */
import type { Suite } from '../crypto/suite.ts';
import { drawExponential, drawOne } from './chance.ts';
import { newPair, type Random } from './keys.ts';
import { onionLimits } from './limits.ts';
import type { Hop } from './seal.ts';

const { delayMsMax, delayMsMean, delayUnitMs, freshKeyMsMin } = onionLimits;

/** A server that layers can be for. */
export interface Station {
  readonly domain: string;
  /** Of all domains that one owner may have bought together: the registrable domain. No route has two of one group. */
  readonly group: string;
  /** Its X25519 keys of the epochs that are valid, 32 bytes each, with when they begin, Unix milliseconds. */
  readonly keys: readonly { readonly publicKey: Uint8Array; readonly beginsMs: number }[];
}

/**
 * The one key of a server that senders use now: the newest that began over an hour ago, so that all use the same; else the
 * oldest. null: it has none. `nowMs` is Unix time.
 */
function senderKey({ keys }: Station, nowMs: number): Uint8Array | null {
  const oldestFirst = keys.toSorted((one, other) => one.beginsMs - other.beginsMs);
  const settled = oldestFirst.filter(({ beginsMs }) => beginsMs + freshKeyMsMin <= nowMs);
  return (settled.at(-1) ?? oldestFirst[0])?.publicKey ?? null;
}

/**
 * A route of so many layers, 2 to 5, that ends at `last`: the others drawn uniformly from the stations, no two of one group, each
 * with a waiting time. null where there are too few. Draws of a waiting time are exponential, rounded down to the steps of a block.
 */
export const drawRoute = (
  suite: Suite,
  stations: readonly Station[],
  layers: number,
  last: Station,
  nowMs: number,
): Hop[] | null => drawRouteOver(suite, stations, layers, [last], nowMs);

/** The same, whose last layers are for these, in this order, no two of one group. */
export function drawRouteOver(
  suite: Suite,
  stations: readonly Station[],
  layers: number,
  ends: readonly Station[],
  nowMs: number,
): Hop[] | null {
  if (layers < Math.max(2, ends.length) || layers > onionLimits.layersMax) return null;
  const chosen: Station[] = [...ends];
  while (chosen.length < layers) {
    const groups = new Set(chosen.map(({ group }) => group));
    const left = stations.filter((station) => !groups.has(station.group) && station.keys.length > 0);
    if (left.length === 0) return null;
    chosen.unshift(drawOne(suite.random, left));
  }
  const hops: Hop[] = [];
  for (const [index, station] of chosen.entries()) {
    const key = senderKey(station, nowMs);
    if (key === null) return null;
    const delayMs = index === chosen.length - 1 ? 0 : drawDelayMs(suite.random);
    hops.push({ whom: { kind: 'server', key, pair: newPair(suite, suite.random) }, delayMs, isDeposit: false });
  }
  return hops;
}

/** How long something is to wait at a hop, milliseconds. */
export const drawDelayMs = (random: Random): number =>
  Math.min(delayMsMax, Math.floor(drawExponential(random, delayMsMean) / delayUnitMs) * delayUnitMs);
