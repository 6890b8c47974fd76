/** Checks that an acknowledgement leaves only after the durable commit. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class AcknowledgementChecker implements Checker {
  readonly name = 'acknowledgement';
  readonly promise = 'nothing is acknowledged before it is durable, and to nobody but its sender';
  readonly atEnd = false;
  readonly #sayings = new Sayings();
  readonly #durable = new Set<string>();

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'durable') {
      this.#durable.add(`${observation.host} ${observation.context} ${observation.key}`);
    } else if (observation.kind === 'acknowledged') {
      const { host, key, to, addressee } = observation;
      const said = this.#sayings.get(key);
      if (said === undefined) return `${host} acknowledged ${key}, and nobody said it`;
      const awaited = to === 'person' ? said.author : hostOf(said.author);
      if (addressee !== awaited) return `${host} acknowledged ${key} to ${addressee}, and ${awaited} waits for it`;
      if (this.#durable.has(`${host} ${said.target} ${key}`)) return null;
      return `${host} acknowledged ${key} to a ${to} before it was durable there`;
    }
    return null;
  }
}

/** The host in a uniform. */
const hostOf = (uniform: string): string => uniform.slice('psyc://'.length).split('/', 1)[0]!;
