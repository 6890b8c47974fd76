/** Times in vectors: sums as `100d+72h-1ms`, in fields whose names end in Ms. docs/spec/trust.md#vectors */

const units: Readonly<Record<string, number>> = { d: 86_400_000, h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of `100d+72h-1ms`. Throws for what is none. */
export function msIn(text: string): number {
  if (!/^\d+(?:d|h|ms|m|s)(?:[+-]\d+(?:d|h|ms|m|s))*$/.test(text)) throw new Error(`${text} is no time`);
  let sum = 0;
  for (const [, sign, number, unit = ''] of text.matchAll(/([+-]?)(\d+)(d|h|ms|m|s)/g)) {
    sum += (sign === '-' ? -1 : 1) * Number(number) * units[unit]!;
  }
  return sum;
}

/** The same value with its times as numbers. */
export function timed(value: unknown, name = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => timed(item));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, field]) => [key, timed(field, key)]));
  }
  return typeof value === 'string' && name.endsWith('Ms') ? msIn(value) : value;
}
