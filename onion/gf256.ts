/** The field of 256 elements that shards are made in, modulo x^8 + x^4 + x^3 + x^2 + 1. docs/spec/shards.md#field */

/** The polynomial, its top bit left out. */
const REDUCE = 0x1d;

const ORDER = 255;

/** α^i for i from 0 to 254, α being 2, twice: a sum of two logarithms needs no reduction. */
const powers = new Uint8Array(2 * ORDER);
/** The logarithm of each element but 0. */
const logarithms = new Uint8Array(256);

for (let exponent = 0, power = 1; exponent < ORDER; exponent++) {
  powers[exponent] = power;
  powers[exponent + ORDER] = power;
  logarithms[power] = exponent;
  power = (power << 1) ^ (power >>> 7 === 1 ? 0x100 | REDUCE : 0);
}

/** The product of two elements. Its time depends on them: for public numbers only. */
const multiply = (a: number, b: number): number => (a === 0 || b === 0 ? 0 : powers[logarithms[a]! + logarithms[b]!]!);

/** 1 / a; `a` is not 0. */
const inverse = (a: number): number => powers[ORDER - logarithms[a]!]!;

/** α^i; `exponent` is 0 to 254. */
export const power = (exponent: number): number => powers[exponent]!;

/** All products of a factor with each element, 256 bytes: for long data, whose bytes it is looked up with. */
export function productsOf(factor: number): Uint8Array {
  const products = new Uint8Array(256);
  for (let element = 1; element < 256; element++) products[element] = multiply(factor, element);
  return products;
}

/**
 * What the values at these points are to be multiplied with so that their sum is the value at `at` of the one polynomial of
 * degree below their number that goes through them (Lagrange). The points differ.
 */
export function lagrange(points: readonly number[], at: number): number[] {
  return points.map((point, index) => {
    let [over, under] = [1, 1];
    for (const [other, elsewhere] of points.entries()) {
      if (other === index) continue;
      over = multiply(over, at ^ elsewhere);
      under = multiply(under, point ^ elsewhere);
    }
    return multiply(over, inverse(under));
  });
}

const LOW_SEVEN = 0x7f7f7f7f;
const LOW_ONE = 0x01010101;

/** Four elements in a word, each multiplied by one factor, in a time that does not depend on them: for secrets. */
export function multiplyFour(factor: number, word: number): number {
  let product = 0;
  let doubled = word;
  for (let left = factor; left !== 0; left >>>= 1) {
    if ((left & 1) !== 0) product ^= doubled;
    doubled = ((doubled & LOW_SEVEN) << 1) ^ Math.imul((doubled >>> 7) & LOW_ONE, REDUCE);
  }
  return product;
}
