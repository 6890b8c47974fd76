/** What somebody may have meant by a key that is none: the nearest one. docs/operating.md#configuration */

/** Letters added, left out, changed, or swapped with the next, from `a` to `b` (optimal string alignment). */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, at) => at)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = a[i - 1] === b[j - 1] ? 0 : 1;
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swapped = isSwapped ? rows[i - 2]![j - 2]! + 1 : Infinity;
      row.push(Math.min(rows[i - 1]![j]! + 1, row[j - 1]! + 1, rows[i - 1]![j - 1]! + change, swapped));
    }
    rows.push(row);
  }
  return rows[a.length]![b.length]!;
}

/** The one of `known` that is nearest to `word`, whatever its case; null where none is near. */
export function suggestion(word: string, known: readonly string[]): string | null {
  // Longer ones are no slips of the fingers.
  const lettersMax = 64;
  if (word.length > lettersMax) return null;
  const [best] = known
    .map((name) => ({ name, far: distance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, far }) => far <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.far - b.far);
  return best?.name ?? null;
}
