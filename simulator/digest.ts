/** A quick digest for long bytes that nobody in a run forges: what cells are told apart by. docs/simulator.md#fingerprint */

const { imul } = Math;

/** Two words of 32 bits that hang on each byte and its place (FNV-1a with two primes). */
export function digestOf(bytes: Uint8Array): readonly [number, number] {
  let [one, other] = [0x811c9dc5, 0x01000193];
  for (let at = 0; at < bytes.length; at++) {
    one = imul(one ^ bytes[at]!, 0x01000193);
    other = imul(other ^ bytes[at]!, 0x85ebca6b);
    other ^= other >>> 15;
  }
  return [one >>> 0, other >>> 0];
}
