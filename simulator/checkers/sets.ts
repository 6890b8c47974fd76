/** Checks that all servers that keep somebody's publications have the same in the end, each once. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class SetsChecker implements Checker {
  readonly name = 'sets';
  readonly promise = 'once faults end, each server that keeps what somebody publishes has all of it, each once';
  readonly atEnd = true;
  readonly #sayings = new Sayings();
  readonly #keepers: ReadonlyMap<string, readonly string[]>;

  /** `keepers`: the hosts that keep each context. */
  constructor(keepers: ReadonlyMap<string, readonly string[]>) {
    this.#keepers = keepers;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind !== 'ended') return null;
    for (const [context, hosts] of this.#keepers) {
      const said = this.#sayings.all().flatMap(({ target, key }) => (target === context ? [key] : []));
      for (const host of hosts) {
        const keys = observation.stored.get(host)?.get(context) ?? [];
        const there = new Set(keys);
        if (there.size < keys.length) return `${host} has something of ${context} twice`;
        const missing = said.filter((key) => !there.has(key));
        if (missing.length > 0) return `${host} lacks ${missing.length} of ${context}, the first ${missing[0]!}`;
        if (there.size > said.length) return `${host} has something in ${context} that nobody said`;
      }
    }
    return null;
  }
}
