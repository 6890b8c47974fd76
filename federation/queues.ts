/** Lengths of queues and tables, by name: the longest of each kind. docs/spec/federation.md#federation-limits */

type Lengths = (readonly [name: string, length: number])[];

/** Of everything that has some, beside those that are known. */
export function longestQueues(known: Lengths, parts: readonly { queues(): Readonly<Lengths> }[]): Lengths {
  const longest = new Map(known);
  for (const part of parts) {
    for (const [name, length] of part.queues()) longest.set(name, Math.max(length, longest.get(name) ?? 0));
  }
  return [...longest];
}
