/** Checks that what a client hands in never leaves his server as he handed it in. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { cellOf, nameOf } from '../raw-cell.ts';
import type { Checker } from './checker.ts';

export class EnvelopingChecker implements Checker {
  readonly name = 'enveloping';
  readonly promise = 'an onion that a client hands in is first seen bare at another server than his';
  readonly atEnd = false;
  /** Where each onion was handed in; until it was seen. */
  readonly #handed = new Map<string, string>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'handed') this.#handed.set(nameOf(observation.onion), observation.host);
    const cell = observation.kind === 'multicast' ? cellOf(observation.content) : null;
    if (cell === null || observation.kind !== 'multicast') return null;
    const host = this.#handed.get(cell.inner);
    this.#handed.delete(cell.inner);
    return host === observation.host ? `${host} put out bare what a client had handed in there` : null;
  }
}
