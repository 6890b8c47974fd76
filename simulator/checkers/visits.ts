/** Checks that homes hear where their people have been while they were silent. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class VisitsChecker implements Checker {
  readonly name = 'visits';
  readonly promise = 'once faults end, a home knows where each of its people was let in elsewhere, and of nothing else';
  readonly atEnd = true;
  readonly #wanted = new Set<string>();
  readonly #made = new Set<string>();
  readonly #known = new Set<string>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'ended') {
      const [missing] = [...this.#made].filter((visit) => !this.#known.has(visit));
      return missing === undefined ? null : `a home does not know that ${missing}`;
    }
    if (observation.kind !== 'visit') return null;
    const { step, person, domain } = observation;
    const visit = `${person} was at ${domain}`;
    const steps = { wanted: this.#wanted, made: this.#made, known: this.#known };
    steps[step].add(visit);
    // He may have been let in without hearing of it.
    return step === 'known' && !this.#wanted.has(visit) ? `a home says that ${visit}` : null;
  }
}
