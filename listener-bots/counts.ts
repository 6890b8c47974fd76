/** What a listener counts: never a route, a tag or a key, only how often. docs/spec/listener-bots.md#status */

/** Counters by name, all from 0 at the start of a life. */
export class Counts {
  readonly #counts = new Map<string, number>();

  /** Counts something, once or several times. */
  add(name: string, times = 1): void {
    if (times > 0) this.#counts.set(name, this.of(name) + times);
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0;
  }

  /** All that are above 0, by name. */
  entries(): (readonly [string, number])[] {
    return [...this.#counts].sort(([one], [other]) => (one < other ? -1 : 1));
  }
}
