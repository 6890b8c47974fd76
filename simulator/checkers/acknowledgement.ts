/** Checks that an acknowledgement leaves only after the durable commit. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class AcknowledgementChecker implements Checker {
  readonly name = 'acknowledgement';
  readonly promise = 'nothing is acknowledged before it is durable';
  readonly atEnd = false;
  readonly #sayings = new Sayings();
  readonly #durable = new Set<string>();

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'durable') {
      this.#durable.add(`${observation.host} ${observation.context} ${observation.tag}`);
    } else if (observation.kind === 'acknowledged') {
      const { host, tag, to } = observation;
      const said = this.#sayings.get(tag);
      // What nobody said is acknowledged to nobody: data may hold what looks like an acknowledgement.
      if (said === undefined || this.#durable.has(`${host} ${said.target} ${tag}`)) return null;
      return `${host} acknowledged ${tag} to a ${to} before it was durable there`;
    }
    return null;
  }
}
