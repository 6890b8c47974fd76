/** Draws of whole and of waiting times from random bytes, exact on every engine. docs/spec/onion.md#routes */
import type { Random } from './keys.ts';

/** How many words of 32 bits there are. */
const WORDS = 4_294_967_296;

function word(random: Random): number {
  const drawn = random(4);
  return ((drawn[0]! << 24) | (drawn[1]! << 16) | (drawn[2]! << 8) | drawn[3]!) >>> 0;
}

/** A whole number in 0..below-1, each equally likely; `below` is 1 to 2^32. Draws 4 bytes, now and then once more. */
export function drawBelow(random: Random, below: number): number {
  if (!Number.isInteger(below) || below < 1 || below > WORDS) throw new RangeError(`no whole number below ${below}`);
  // Words past the last whole multiple would favour the small results: draw again.
  const fair = WORDS - (WORDS % below);
  let drawn = word(random);
  while (drawn >= fair) drawn = word(random);
  return drawn % below;
}

/** One of the items, each equally likely; there must be one. */
export const drawOne = <T>(random: Random, items: readonly T[]): T => items[drawBelow(random, items.length)] as T;

/**
 * A waiting time, exponentially distributed with this mean and in its unit, not rounded: von Neumann's comparison method (1951), which
 * needs no logarithm, whose last bits engines may disagree on. Draws 8 bytes or more.
 */
export function drawExponential(random: Random, mean: number): number {
  for (let whole = 0; ; whole++) {
    const first = word(random);
    let last = first;
    let falls = 0;
    for (let next = word(random); next < last; next = word(random)) {
      last = next;
      falls++;
    }
    if (falls % 2 === 0) return mean * (whole + first / WORDS);
  }
}
