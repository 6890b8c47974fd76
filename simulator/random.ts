/** Randomness under a seed: xoshiro128** in independent, named streams, with exact draws only. docs/simulator.md#seeds */

/** Largest seed: seeds are decimal numbers of up to 64 bits. */
export const seedMax = 2n ** 64n - 1n;

const { floor, imul } = Math;
const { isInteger } = Number;

const GOLDEN = 0x9e3779b9;

/** How many words there are: 2^32. */
const WORDS = 4_294_967_296;

/** The finaliser of splitmix32: every bit of the word reaches every bit of the result. */
function scatter(word: number): number {
  let z = word | 0;
  z = imul(z ^ (z >>> 16), 0x21f0aaad);
  z = imul(z ^ (z >>> 15), 0x735a2d97);
  return (z ^ (z >>> 15)) >>> 0;
}

const rotate = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/**
 * One stream of pseudo-random numbers (xoshiro128** 1.1, Blackman and Vigna). For simulation only, never for keys.
 * Every draw is made of integer arithmetic and exact floating-point products, so all engines agree on it.
 */
export class Random {
  readonly #seed: bigint;
  readonly #name: string;
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  /** `state` is four words, not all zero; who has a seed uses `Random.of`. */
  constructor(state: readonly [number, number, number, number], seed = 0n, name = '') {
    [this.#a, this.#b, this.#c, this.#d] = state;
    if ((this.#a | this.#b | this.#c | this.#d) === 0)
      throw new RangeError('xoshiro128** needs a state that is not all zero');
    this.#seed = seed;
    this.#name = name;
  }

  /** The stream `name` of a seed in 0..seedMax. Streams of different names do not shift each other. */
  static of(seed: bigint, name: string): Random {
    if (seed < 0n || seed > seedMax) throw new RangeError(`a seed is 0 to ${seedMax}`);
    const words = [Number(seed & 0xffff_ffffn), Number(seed >> 32n)];
    for (let i = 0; i < name.length; i++) words.push(name.charCodeAt(i));
    const lane = (number: number): number => {
      let mixed = imul(GOLDEN, number + 1);
      for (const word of words) mixed = scatter((mixed + GOLDEN) ^ word);
      return scatter(mixed + GOLDEN);
    };
    // Four lanes that start apart; the last word keeps the state from being all zero.
    return new Random([lane(0), lane(1), lane(2), (lane(3) | 1) >>> 0], seed, name);
  }

  /** An independent stream below this one; the same name gives the same stream again, whatever was drawn before. */
  stream(name: string): Random {
    return Random.of(this.#seed, `${this.#name}/${name}`);
  }

  /** The next 32 bits, as a number in 0..2^32-1. */
  word(): number {
    // Times 5, turned by 7, times 9; in shifts, since this is the busiest line of a run.
    const turned = rotate(((this.#b << 2) + this.#b) | 0, 7);
    const result = ((turned << 3) + turned) >>> 0;
    const t = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= t;
    this.#d = rotate(this.#d, 11);
    return result;
  }

  /** A whole number in 0..below-1, each equally likely; `below` is 1..2^32. */
  below(below: number): number {
    if (!isInteger(below) || below < 1 || below > WORDS) throw new RangeError(`below() takes 1 to 2^32, not ${below}`);
    // Words past the last whole multiple would favour the small results: draw again.
    const fair = WORDS - (WORDS % below);
    let word = this.word();
    while (word >= fair) word = this.word();
    return word % below;
  }

  /** A whole number in from..to, both included. */
  between(from: number, to: number): number {
    return from + this.below(to - from + 1);
  }

  /** True with this probability, to 32 bits; 0 is never and 1 always. Draws once in either case. */
  chance(probability: number): boolean {
    return this.word() < probability * WORDS;
  }

  /**
   * A whole number, exponentially distributed with this mean, rounded down: von Neumann's comparison method (1951),
   * which needs no logarithm, whose last bits engines may disagree on.
   */
  exponential(mean: number): number {
    for (let whole = 0; ; whole++) {
      const first = this.word();
      let last = first;
      let falls = 0;
      for (let next = this.word(); next < last; next = this.word()) {
        last = next;
        falls++;
      }
      if (falls % 2 === 0) return floor(mean * (whole + first / WORDS));
    }
  }

  /** One of the items, each equally likely; there must be one. */
  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** Puts the items in a random order, in place (Fisher and Yates), and returns them. */
  shuffle<T>(items: T[]): T[] {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      [items[i], items[j]] = [items[j] as T, items[i] as T];
    }
    return items;
  }
}
