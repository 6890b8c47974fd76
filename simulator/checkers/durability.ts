/** Checks that whatever was acknowledged is still on the disk at the end. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class DurabilityChecker implements Checker {
  readonly name = 'durability';
  readonly promise = 'nothing acknowledged is lost';
  readonly atEnd = true;
  readonly #sayings = new Sayings();
  /** Host and key of every acknowledgement. */
  readonly #acknowledged = new Map<string, { readonly host: string; readonly key: string }>();

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'acknowledged') {
      const { host, key } = observation;
      this.#acknowledged.set(`${host} ${key}`, { host, key });
    }
    if (observation.kind !== 'ended') return null;
    const lost: string[] = [];
    const there = new Set<string>();
    for (const [host, contexts] of observation.stored) {
      for (const [context, keys] of contexts) for (const key of keys) there.add(`${host} ${context} ${key}`);
    }
    for (const { host, key } of this.#acknowledged.values()) {
      const said = this.#sayings.get(key);
      if (said !== undefined && !there.has(`${host} ${said.target} ${key}`)) lost.push(`${key} at ${host}`);
    }
    return lost.length === 0 ? null : `${lost.length} acknowledged and not on the disk, the first ${lost[0]}`;
  }
}
