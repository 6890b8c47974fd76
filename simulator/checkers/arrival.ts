/** Checks that onions arrive, once nothing fails any more. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class ArrivalChecker implements Checker {
  readonly name = 'arrival';
  readonly promise = 'once faults end, every onion that is handed in comes out where its route ends';
  readonly atEnd = true;
  readonly #awaited = new Map<string, string>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'handed' && observation.isCalm) this.#awaited.set(observation.key, observation.host);
    if (observation.kind === 'delivered') this.#awaited.delete(observation.key);
    const [first] = this.#awaited;
    if (observation.kind !== 'ended' || first === undefined) return null;
    return `${this.#awaited.size} never arrived, the first ${first[0]}, handed in at ${first[1]}`;
  }
}
