/** Sealing: a content in as many layers as its route has hops. docs/spec/onion.md#sealing */
import { joinBytes } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { encipherBody, sealOf } from './body.ts';
import { renderContent } from './content.ts';
import { hourExpiry, midnightExpiry } from './expiry.ts';
import { buildHead, checkLayers, type Step } from './head.ts';
import type { Random } from './keys.ts';
import { type LayerFor, layerFor } from './layer.ts';
import { sizes } from './sizes.ts';

/** One hop of a route, as its sender wants it. */
export interface Hop {
  readonly whom: LayerFor;
  /** How long the cell waits there before it goes on, in steps of 10 ms; the last hop's is 0. */
  readonly delayMs: number;
  /** Whether the hop is to keep the layer's deposit secret. */
  readonly isDeposit: boolean;
}

/** A sealed onion, and by what its hops will know their layers again. */
export interface Sealed {
  /** 4000 bytes. */
  readonly onion: Uint8Array;
  /** Each layer's replay tag, 16 bytes: whoever sends loops knows them by the last. */
  readonly replayTags: readonly Uint8Array[];
  /** Of each layer with a deposit its one-time secret, 32 bytes, and until when the hop keeps it, Unix seconds; else null. */
  readonly deposits: readonly ({ readonly secret: Uint8Array; readonly untilSeconds: number } | null)[];
}

/**
 * An onion for a route of 1 to 5 hops, the first one first; the last does `last` with it. Draws a seed for the content's
 * padding, then one for the head's, 32 bytes each; the fresh keys are in the hops. Throws OnionError `_onion_invalid_route`,
 * `_onion_invalid_key`, `_onion_oversized_content`.
 */
export function sealOnion(
  suite: Suite,
  route: readonly Hop[],
  last: 'exit' | 'discard',
  content: Uint8Array,
  nowSeconds: number,
  random: Random,
): Sealed {
  checkLayers(route.length);
  const layers = route.map(({ whom }) => layerFor(suite, whom));
  const body = renderContent(suite, content, random);
  let seal: Uint8Array = new Uint8Array(sizes.seal);
  const steps: Step[] = [];
  for (let index = route.length - 1; index >= 0; index--) {
    const [{ delayMs, isDeposit }, layer] = [route[index]!, layers[index]!];
    const expiry = (isDeposit ? midnightExpiry : hourExpiry)(nowSeconds);
    const command = index === route.length - 1 ? last : 'relay';
    // The seal of the body behind this layer: the next hop's.
    steps.unshift({ layer, block: { command, isDeposit, isTicket: false, delayMs, expiry, field: seal } });
    encipherBody(suite, layer.keys.body, body);
    seal = sealOf(suite, layer.keys.seal, body);
  }
  return {
    onion: joinBytes(buildHead(suite, steps, random), seal, body),
    replayTags: layers.map(({ keys }) => keys.replayTag.slice()),
    deposits: steps.map(({ layer, block }) =>
      block.isDeposit ? { secret: layer.keys.deposit.slice(), untilSeconds: block.expiry } : null,
    ),
  };
}
