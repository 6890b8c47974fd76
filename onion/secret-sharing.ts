/** Shares of a key of which any m give it and fewer say nothing: Shamir's, 1979. docs/spec/shards.md#key */
import { lengths } from '../crypto/suite.ts';
import { lagrange, multiplyFour } from './gf256.ts';
import type { Random } from './keys.ts';

const WORDS = lengths.key / 4;

/** A share of 32 bytes, and at which point but 0 it is the value of the polynomial. */
export interface Share {
  readonly point: number;
  readonly value: Uint8Array;
}

/** The shares of a key (32 bytes) at the points 1 to n; any m give it. Draws 32 bytes for each coefficient, the first degree's first, m - 1 of them. */
export function shareKey(key: Uint8Array, m: number, n: number, random: Random): Uint8Array[] {
  const coefficients = [
    wordsOf(key),
    ...Array.from({ length: m - 1 }, () => wordsOf(random(lengths.key))),
  ].toReversed();
  return Array.from({ length: n }, (_, index) => {
    const value = new Int32Array(WORDS);
    for (const coefficient of coefficients) {
      for (let word = 0; word < WORDS; word++) {
        value[word] = multiplyFour(index + 1, value[word]!) ^ coefficient[word]!;
      }
    }
    return bytesOf(value);
  });
}

/** The key of m shares; another one where these are fewer than it was shared with. The points differ. */
export function joinShares(shares: readonly Share[]): Uint8Array {
  const factors = lagrange(
    shares.map(({ point }) => point),
    0,
  );
  const key = new Int32Array(WORDS);
  for (const [index, { value }] of shares.entries()) {
    const words = wordsOf(value);
    for (let word = 0; word < WORDS; word++) key[word] = key[word]! ^ multiplyFour(factors[index]!, words[word]!);
  }
  return bytesOf(key);
}

/** Four bytes in a word, in an order that every machine has. */
function wordsOf(bytes: Uint8Array): Int32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, lengths.key);
  return Int32Array.from({ length: WORDS }, (_, word) => view.getInt32(4 * word));
}

function bytesOf(words: Int32Array): Uint8Array {
  const bytes = new Uint8Array(lengths.key);
  const view = new DataView(bytes.buffer);
  words.forEach((value, word) => view.setInt32(4 * word, value));
  return bytes;
}
