/** Checks that nobody's word passes for another's: what was forged is neither kept nor delivered. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class ForgeryChecker implements Checker {
  readonly name = 'forgery';
  readonly promise = 'what somebody says in the name of another is neither kept nor delivered';
  readonly atEnd = false;
  readonly #forged = new Set<string>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'forged') this.#forged.add(observation.key);
    if (observation.kind !== 'durable' && observation.kind !== 'delivered') return null;
    const { kind, host, context, key } = observation;
    return this.#forged.has(key) ? `${host} took the forged ${key} to ${context}: it is ${kind}` : null;
  }
}
