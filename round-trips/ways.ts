/** Routes of somebody whose home knows that he hands cells in, and the cells that go over them. docs/spec/people.md#anonymous */
import type { Suite } from '../crypto/suite.ts';
import { bareCell, envelopeFiller } from '../onion/cell.ts';
import { drawOne } from '../onion/chance.ts';
import { forgottenKey } from '../onion/keys.ts';
import { drawDelayMs, drawRoute, drawRouteOver, type Station } from '../onion/route.ts';
import { type Hop, sealOnion } from '../onion/seal.ts';
import { registrableOf } from '../pki/network.ts';

/** What routes are drawn from. */
export interface Way {
  /** Those that the home has told of, as far as they are vouched for. */
  readonly stations: readonly Station[];
  /** The domain that the cells are handed to. */
  readonly home: string;
  /** Layers, the last one's included. */
  readonly hops: number;
}

/** Over nobody of whom the home may be, but as the last hop: he knows already who it is from. null: there are too few others. */
export const routeTo = (suite: Suite, way: Way, last: Station, nowMs: number): Hop[] | null =>
  drawRoute(suite, elsewhere(way), way.hops, last, nowMs);

/** One more hop than is wished, up to `layersMax`, behind `at`, so that it passes on to somebody else what comes back; nobody of whom the home may be. null: there are too few others. */
export function routeThrough(suite: Suite, way: Way, at: Station, layersMax: number, nowMs: number): Hop[] | null {
  const others = elsewhere(way);
  const behind = others.filter(({ group, keys }) => group !== at.group && keys.length > 0);
  if (behind.length === 0) return null;
  const owners = new Set([at.group, ...behind.map(({ group }) => group)]).size;
  const layers = Math.min(way.hops + 1, layersMax, owners);
  // Of whoever is before it and behind it together one could not be without the other.
  if (layers < 3) return null;
  return drawRouteOver(suite, others, layers, [at, drawOne(suite.random, behind)], nowMs);
}

function elsewhere({ stations, home }: Way): readonly Station[] {
  const owner = registrableOf(home);
  return stations.filter(({ group }) => group !== owner);
}

/** A bare cell over a route. Throws as `sealOnion`. */
export function cellOf(
  suite: Suite,
  route: readonly Hop[],
  then: 'exit' | 'discard',
  content: Uint8Array,
  nowMs: number,
): Uint8Array {
  const { onion } = sealOnion(suite, route, then, content, Math.floor(nowMs / 1000), suite.random);
  return bareCell(onion, envelopeFiller(suite, suite.random));
}

/** The hops of a route over these, the first one's first: each layer under a secret that its server forgets with its use. */
export const hopsOver = (suite: Suite, secrets: readonly { readonly secret: Uint8Array }[]): Hop[] =>
  secrets.map(({ secret }, at) => ({
    whom: { kind: 'one-time', secret, alpha: forgottenKey(suite, suite.random) },
    delayMs: at === secrets.length - 1 ? 0 : drawDelayMs(suite.random),
    isDeposit: false,
  }));
