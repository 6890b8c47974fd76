/** Checks that whatever was acknowledged is still on the disk at the end. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class DurabilityChecker implements Checker {
  readonly name = 'durability';
  readonly promise = 'nothing acknowledged is lost';
  readonly atEnd = true;
  readonly #sayings = new Sayings();
  /** Host and tag of every acknowledgement. */
  readonly #acknowledged = new Map<string, { readonly host: string; readonly tag: string }>();

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'acknowledged') {
      const { host, tag } = observation;
      this.#acknowledged.set(`${host} ${tag}`, { host, tag });
    }
    if (observation.kind !== 'ended') return null;
    const lost: string[] = [];
    const there = new Set<string>();
    for (const [host, contexts] of observation.stored) {
      for (const [context, tags] of contexts) for (const tag of tags) there.add(`${host} ${context} ${tag}`);
    }
    for (const { host, tag } of this.#acknowledged.values()) {
      const said = this.#sayings.get(tag);
      if (said !== undefined && !there.has(`${host} ${said.target} ${tag}`)) lost.push(`${tag} at ${host}`);
    }
    return lost.length === 0 ? null : `${lost.length} acknowledged and not on the disk, the first ${lost[0]}`;
  }
}
