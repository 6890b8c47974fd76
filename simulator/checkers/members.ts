/** Checks that members get everything: each device all that was said since it entered. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class MembersChecker implements Checker {
  readonly name = 'members';
  readonly promise = 'once faults end, each device of a member has everything that was said since it entered';
  readonly atEnd = true;
  readonly #hostOf: (context: string) => string;
  readonly #sayings = new Sayings();
  /** From which sequence on, by device and context. */
  readonly #entered = new Map<string, { host: string; context: string; sequence: number }>();
  readonly #delivered = new Set<string>();

  /** `hostOf`: where a context's log is. */
  constructor(hostOf: (context: string) => string) {
    this.#hostOf = hostOf;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    switch (observation.kind) {
      case 'entered': {
        const { host, context, sequence } = observation;
        this.#entered.set(`${host} ${context}`, { host, context, sequence });
        return null;
      }
      case 'left':
        this.#entered.delete(`${observation.host} ${observation.context}`);
        return null;
      case 'delivered':
        this.#delivered.add(`${observation.host} ${observation.context} ${observation.key}`);
        return null;
      case 'ended':
        return this.#missing(observation.stored);
      default:
        return null;
    }
  }

  #missing(stored: ReadonlyMap<string, ReadonlyMap<string, readonly string[]>>): string | null {
    const missing: string[] = [];
    for (const { host, context, sequence } of this.#entered.values()) {
      const keys = stored.get(this.#hostOf(context))?.get(context) ?? [];
      for (const key of keys.slice(sequence)) {
        if (this.#sayings.get(key) === undefined || this.#delivered.has(`${host} ${context} ${key}`)) continue;
        missing.push(`${key} of ${context} at ${host}`);
      }
    }
    return missing.length === 0
      ? null
      : `${missing.length} said and not delivered to a member, the first ${missing[0]}`;
  }
}
