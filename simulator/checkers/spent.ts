/** Checks that a ticket gives one answer, and nothing more once its secrets are spent, or when it is over. docs/simulator.md#checkers */
import { hexOf } from '../../crypto/bytes.ts';
import type { Observation } from '../observation.ts';
import { cellOf, onionIn } from '../raw-cell.ts';
import type { Checker } from './checker.ts';

interface Layer {
  readonly isOver: boolean;
  /** Names of the onions that were seen with it outside, and one of those that are copies of each other. */
  readonly names: Set<string>;
  onion: Uint8Array | null;
}

const HINT = { from: 32, to: 48 } as const;
/** Whoever spoils a copy changes a byte; two answers have nothing in common behind their heads. */
const spoiltBytesMax = 16;

export class SpentChecker implements Checker {
  readonly name = 'spent';
  readonly promise = 'a spent ticket yields nothing, nor does one that is over';
  readonly atEnd = false;
  /** By the tag of each layer behind a ticket's first. */
  readonly #layers = new Map<string, Layer>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'ticket') {
      const { behind, isOver } = observation;
      for (const tag of behind) this.#layers.set(tag, { isOver, names: new Set(), onion: null });
    }
    return observation.kind === 'multicast' && this.#layers.size > 0 ? this.#look(observation) : null;
  }

  #look({ host, content }: Observation & { readonly kind: 'multicast' }): string | null {
    const onion = onionIn(content);
    const layer = onion === null ? undefined : this.#layers.get(hexOf(onion.subarray(HINT.from, HINT.to)));
    if (onion === null || layer === undefined) return null;
    if (layer.isOver) return `${host} put out what a ticket gave that was over`;
    const { inner } = cellOf(content)!;
    if (layer.names.has(inner)) return null;
    layer.names.add(inner);
    layer.onion ??= onion.slice();
    return isCopy(layer.onion, onion) ? null : `${host} put out what a spent ticket gave`;
  }
}

function isCopy(one: Uint8Array, other: Uint8Array): boolean {
  let changed = 0;
  for (const [at, byte] of one.entries()) if (byte !== other[at]) changed++;
  return changed <= spoiltBytesMax;
}
