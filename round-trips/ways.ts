/** Routes of somebody whose home knows that he hands cells in, and the cells that go over them. docs/spec/people.md#anonymous */
import type { Suite } from '../crypto/suite.ts';
import { bareCell, envelopeFiller } from '../onion/cell.ts';
import { drawRoute, type Station } from '../onion/route.ts';
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
export function routeTo(suite: Suite, { stations, home, hops }: Way, last: Station, nowMs: number): Hop[] | null {
  const owner = registrableOf(home);
  const others = stations.filter(({ group }) => group !== owner);
  return drawRoute(suite, others, hops, last, nowMs);
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
