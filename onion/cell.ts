/** A cell on a link: 4096 bytes, an onion behind an envelope or behind what looks like one. docs/spec/onion.md#cell */
import { joinBytes } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import type { OnionCode } from './error.ts';
import { forgottenKey, type Random } from './keys.ts';
import { envelopeOffsets, offsets, sizes } from './sizes.ts';

const TOP_BIT = 0x80;

/** Why a link refuses these bytes, before anybody looks for a key; null: it does not. */
export function cellFault(cell: Uint8Array): OnionCode | null {
  if (cell.length !== sizes.cell) return '_onion_invalid_length';
  const outer = cell[envelopeOffsets.alpha + sizes.alpha - 1]!;
  const inner = cell[sizes.envelope + offsets.alpha + sizes.alpha - 1]!;
  return ((outer | inner) & TOP_BIT) === 0 ? null : '_onion_invalid_point';
}

/** Filler that looks like an envelope, 96 bytes: a forgotten key and 64 random bytes. Draws 32 and 64. */
export const envelopeFiller = (suite: Suite, random: Random): Uint8Array =>
  joinBytes(forgottenKey(suite, random), random(sizes.envelope - sizes.alpha));

/** The bare cell of an onion (4000 bytes), behind filler (96 bytes). */
export const bareCell = (onion: Uint8Array, filler: Uint8Array): Uint8Array => joinBytes(filler, onion);

/** The onion in a bare cell: everything from its α on. The same memory. */
export const onionOf = (cell: Uint8Array): Uint8Array => cell.subarray(sizes.envelope);

/** An onion's fields. */
export interface Onion {
  readonly alpha: Uint8Array;
  readonly hint: Uint8Array;
  readonly mac: Uint8Array;
  readonly beta: Uint8Array;
  readonly seal: Uint8Array;
  readonly body: Uint8Array;
}

/** The fields of an onion's 4000 bytes; the same memory. */
export const fieldsOf = (onion: Uint8Array): Onion => ({
  alpha: onion.subarray(offsets.alpha, offsets.hint),
  hint: onion.subarray(offsets.hint, offsets.mac),
  mac: onion.subarray(offsets.mac, offsets.beta),
  beta: onion.subarray(offsets.beta, offsets.seal),
  seal: onion.subarray(offsets.seal, offsets.body),
  body: onion.subarray(offsets.body),
});
