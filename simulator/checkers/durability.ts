/** Checks that whatever was acknowledged is still on the disk at the end. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class DurabilityChecker implements Checker {
  readonly name = 'durability';
  readonly promise = 'nothing acknowledged is lost';
  readonly atEnd = true;
  readonly #sayings = new Sayings();
  readonly #hostOf: ((target: string) => string) | null;
  readonly #isServer: (host: string) => boolean;
  /** Host and key of every acknowledgement. */
  readonly #acknowledged = new Map<string, { readonly host: string; readonly key: string }>();

  /** `hostOf`: where a target's log is, when others may pass its acknowledgements on; `isServer`: whose acknowledgements count. */
  constructor(hostOf: ((target: string) => string) | null = null, isServer: (host: string) => boolean = () => true) {
    this.#hostOf = hostOf;
    this.#isServer = isServer;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'acknowledged' && this.#isServer(observation.host)) {
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
      if (said === undefined) continue;
      const home = this.#hostOf === null ? host : this.#hostOf(said.target);
      if (!there.has(`${home} ${said.target} ${key}`)) lost.push(`${key} at ${home}`);
    }
    return lost.length === 0 ? null : `${lost.length} acknowledged and not on the disk, the first ${lost[0]}`;
  }
}
