/** Pieces of which any m give the whole: the systematic Reed–Solomon code of zfec. docs/spec/shards.md#pieces */
import { lagrange, power, productsOf } from './gf256.ts';

/** A piece and which it is, 0 to n - 1; all have one length. */
export interface Piece {
  readonly index: number;
  readonly data: Uint8Array;
}

/** Where the polynomial that goes through the first m pieces has the value of a piece: 0, 1, α, α², … */
const pointOf = (index: number): number => (index === 0 ? 0 : power(index - 1));

/** The n - m pieces that follow those given, which are the first m themselves. n is at most 256. */
export function spareOf(pieces: readonly Uint8Array[], n: number): Uint8Array[] {
  const points = pieces.map((_, index) => pointOf(index));
  return Array.from({ length: n - pieces.length }, (_, spare) =>
    sumOf(lagrange(points, pointOf(pieces.length + spare)), pieces),
  );
}

/** The first m pieces, of any m; their indexes differ. */
export function rebuild(pieces: readonly Piece[]): Uint8Array[] {
  const points = pieces.map(({ index }) => pointOf(index));
  const data = pieces.map((piece) => piece.data);
  return pieces.map((_, wanted) => {
    const there = pieces.find(({ index }) => index === wanted);
    return there?.data ?? sumOf(lagrange(points, pointOf(wanted)), data);
  });
}

/** The sum of all data, each multiplied by its factor. Four at a time, since each pass reads and writes the sum. */
function sumOf(factors: readonly number[], data: readonly Uint8Array[]): Uint8Array {
  const sum = new Uint8Array(data[0]!.length);
  const nothing = { products: productsOf(0), from: sum };
  const terms = factors.map((factor, index) => ({ products: productsOf(factor), from: data[index]! }));
  for (let first = 0; first < terms.length; first += 4) {
    const [a, b, c, d] = [0, 1, 2, 3].map((next) => terms[first + next] ?? nothing);
    addFour(sum, a!, b!, c!, d!);
  }
  return sum;
}

interface Term {
  readonly products: Uint8Array;
  readonly from: Uint8Array;
}

function addFour(sum: Uint8Array, a: Term, b: Term, c: Term, d: Term): void {
  const [ap, af, bp, bf, cp, cf, dp, df] = [
    a.products,
    a.from,
    b.products,
    b.from,
    c.products,
    c.from,
    d.products,
    d.from,
  ];
  for (let at = 0; at < sum.length; at++) {
    sum[at] = sum[at]! ^ ap[af[at]!]! ^ bp[bf[at]!]! ^ cp[cf[at]!]! ^ dp[df[at]!]!;
  }
}
