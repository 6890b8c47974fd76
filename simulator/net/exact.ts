/** Logarithms from sums and products alone, so that all engines agree on every bit. docs/simulator.md#seeds */

const TERMS = 40;
const LN2 = 0.6931471805599453;

/** The logarithm to base 2 of a number above 0. */
function log2(value: number): number {
  let [mantissa, exponent] = [value, 0];
  for (; mantissa >= 1.5; mantissa /= 2) exponent++;
  for (; mantissa < 0.75; mantissa *= 2) exponent--;
  const ratio = (mantissa - 1) / (mantissa + 1);
  let [sum, power] = [0, ratio];
  for (let term = 1; term < TERMS; term += 2) {
    sum += power / term;
    power *= ratio * ratio;
  }
  return exponent + (2 * sum) / LN2;
}

/** Entropy in bits of weights, which need not sum to 1; 0 of none. */
export function entropyOf(weights: readonly number[]): number {
  const sum = weights.reduce((all, weight) => all + weight, 0);
  let entropy = 0;
  for (const weight of weights) if (weight > 0) entropy -= (weight / sum) * log2(weight / sum);
  return entropy;
}

/** The value below which `share` of the others lie; 0 of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
}

export const meanOf = (values: readonly number[]): number =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
