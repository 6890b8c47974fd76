/** Checks that no reader gets anything twice. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class OnceChecker implements Checker {
  readonly name = 'once';
  readonly promise = 'nothing is delivered twice';
  readonly atEnd = false;
  readonly #delivered = new Set<string>();

  observe(observation: Observation): string | null {
    if (observation.kind !== 'delivered' && observation.kind !== 'heard') return null;
    const { host, context, key } = observation;
    const delivery = `${host} ${context} ${key}`;
    if (this.#delivered.has(delivery)) return `${key} was delivered to ${context} twice`;
    this.#delivered.add(delivery);
    return null;
  }
}
