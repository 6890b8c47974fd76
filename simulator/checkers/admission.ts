/** Checks that a crowd in a domain's name does not keep the domain itself out. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class AdmissionChecker implements Checker {
  readonly name = 'admission';
  readonly promise =
    'once faults end, no server turns a domain away that comes with its own key, since too much is waiting';
  readonly atEnd = false;
  #isCalm = false;

  observe(observation: Observation): string | null {
    if (observation.kind === 'calm') this.#isCalm = true;
    if (observation.kind !== 'turned away' || !this.#isCalm) return null;
    return `${observation.host} had no room for ${observation.domain}`;
  }
}
