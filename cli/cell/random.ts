/** Chance of the machine, or where vectors are made again, what was drawn then. docs/spec/onion.md#vectors */
import { NONCE } from '../../onion/body.ts';
import type { Random } from '../../onion/keys.ts';
import { suite } from '../../server/suite.ts';

/** So many bytes of a seed's stream; without a seed, of chance. */
export const seeded =
  (seed: Uint8Array | undefined): Random =>
  (length) =>
    seed === undefined ? suite.random(length) : suite.chacha20(seed, NONCE, new Uint8Array(length));

/** These bytes, or chance. */
export const given =
  (bytes: Uint8Array | undefined): Random =>
  (length) =>
    bytes ?? suite.random(length);

/** The first draw from the first, the next from the next. */
export function inOrder(...draws: readonly Random[]): Random {
  const left = [...draws];
  return (length) => (left.shift() ?? suite.random)(length);
}
