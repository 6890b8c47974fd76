/** The head of an onion: α, hint, mac, and β with all blocks in it, built from the last layer to the first. docs/spec/onion.md#sealing */
import { joinBytes } from '../crypto/bytes.ts';
import { lengths, type Suite } from '../crypto/suite.ts';
import { type Block, type Next, renderBlock } from './block.ts';
import { NONCE } from './body.ts';
import { OnionError } from './error.ts';
import type { Random } from './keys.ts';
import type { Layer, LayerKeys } from './layer.ts';
import { onionLimits } from './limits.ts';
import { offsets, sizes } from './sizes.ts';

const { layersMax } = onionLimits;

/** Bytes that a mac covers. */
const COVERED = sizes.head - sizes.mac;

/** A layer and what it tells its hop; where to next follows from the layer behind it. */
export interface Step {
  readonly layer: Layer;
  readonly block: Omit<Block, 'next'>;
}

/** The mac of 16 bytes over α, hint and β. */
export const macOf = (
  suite: Suite,
  keys: LayerKeys,
  alpha: Uint8Array,
  hint: Uint8Array,
  beta: Uint8Array,
): Uint8Array => suite.blake2b(joinBytes(alpha, hint, beta), sizes.mac, keys.mac);

/** α, hint and β as the mac covers them, behind β the block of zeros that the stream goes over as well, then our own mac. */
const work = new Uint8Array(COVERED + sizes.block + sizes.mac);

/**
 * What is in an onion's head for the holder of these keys: this layer's block, and the next β, both until the next head is
 * peeled. null where the mac is not that of its α, hint and β: `_onion_invalid_mac`.
 */
export function peelHead(
  suite: Suite,
  keys: LayerKeys,
  onion: Uint8Array,
): { block: Uint8Array; beta: Uint8Array } | null {
  const [zerosEnd, behind] = [COVERED + sizes.block, offsets.mac + sizes.block];
  work.set(onion.subarray(0, offsets.mac));
  work.set(onion.subarray(offsets.beta, offsets.seal), offsets.mac);
  work.fill(0, COVERED, zerosEnd);
  const mac = work.subarray(zerosEnd);
  suite.blake2bInto(mac, work.subarray(0, COVERED), keys.mac);
  if (!suite.equal(mac, onion.subarray(offsets.mac, offsets.beta))) return null;
  suite.chacha20InPlace(keys.stream, NONCE, work.subarray(offsets.mac, zerosEnd));
  return { block: work.subarray(offsets.mac, behind), beta: work.subarray(behind, zerosEnd) };
}

/**
 * The head of 544 bytes for 1 to 5 layers, the first hop's first. The bytes behind the last block are
 * the stream of a seed of 32 bytes, which it draws. Throws OnionError
 * `_onion_invalid_route` for another number of layers.
 */
export function buildHead(suite: Suite, steps: readonly Step[], random: Random): Uint8Array {
  checkLayers(steps.length);
  const filler = fillerOf(suite, steps.slice(0, -1));
  const padding = new Uint8Array(sizes.beta - steps.length * sizes.block);
  let beta = suite.chacha20(random(lengths.key), NONCE, padding);
  let next: Next | null = null;
  for (const { layer, block } of steps.toReversed()) {
    const plain = joinBytes(renderBlock({ ...block, next }), beta).subarray(0, sizes.beta);
    const enciphered = suite.chacha20(layer.keys.stream, NONCE, plain);
    beta = next === null ? joinBytes(enciphered, filler) : enciphered;
    next = { alpha: layer.alpha, hint: layer.hint, mac: macOf(suite, layer.keys, layer.alpha, layer.hint, beta) };
  }
  return joinBytes(next!.alpha, next!.hint, next!.mac, beta);
}

/** Throws OnionError unless a route may have so many layers. */
export function checkLayers(count: number): void {
  if (count < 1 || count > layersMax) {
    throw new OnionError('_onion_invalid_route', `a route has 1 to ${layersMax} layers, not ${count}`);
  }
}

/** What the hops before the last will have put at β's end: their streams beyond it, each under those that follow (Sphinx, 2009). */
function fillerOf(suite: Suite, steps: readonly Step[]): Uint8Array {
  let filler: Uint8Array = new Uint8Array(0);
  for (const { layer } of steps) {
    const stretched = new Uint8Array(sizes.beta + sizes.block);
    stretched.set(filler, sizes.beta - filler.length);
    filler = suite.chacha20(layer.keys.stream, NONCE, stretched).slice(sizes.beta - filler.length);
  }
  return filler;
}
