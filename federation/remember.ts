/** A table that forgets what is oldest in it, so that nobody makes it grow. docs/spec/federation.md#federation-limits */

/** Sets it as the newest; the oldest goes where there is no room. */
export function remember<T>(table: Map<string, T>, key: string, value: T, max: number): void {
  table.delete(key);
  table.set(key, value);
  if (table.size > max) table.delete(table.keys().next().value!);
}
