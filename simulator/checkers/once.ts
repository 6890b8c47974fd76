/** Checks that no reader gets anything twice. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class OnceChecker implements Checker {
  readonly name = 'once';
  readonly promise = 'nothing is delivered twice';
  readonly atEnd = false;
  readonly #delivered = new Set<string>();

  observe(observation: Observation): string | null {
    if (observation.kind !== 'delivered') return null;
    const { context, tag } = observation;
    const key = `${context} ${tag}`;
    if (this.#delivered.has(key)) return `${tag} was delivered to ${context} twice`;
    this.#delivered.add(key);
    return null;
  }
}
