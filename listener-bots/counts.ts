/** What a listener counts: never a route, a tag or a key, only how often. docs/spec/listener-bots.md#status */

/** Counters by name, all from 0 at the start of a life. */
export class Counts {
  readonly #counts = new Map<string, { times: number }>();

  /** Counts something, once or several times. */
  add(name: string, times = 1): void {
    if (times === 0) return;
    const count = this.#counts.get(name);
    if (count === undefined) this.#counts.set(name, { times });
    else count.times += times;
  }

  of(name: string): number {
    return this.#counts.get(name)?.times ?? 0;
  }

  /** All that are above 0, by name. */
  entries(): (readonly [string, number])[] {
    return [...this.#counts]
      .map(([name, { times }]) => [name, times] as const)
      .sort(([one], [other]) => (one < other ? -1 : 1));
  }
}
