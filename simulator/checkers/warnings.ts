/** Checks that people hear that another key was shown for them. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

/** A warning is not numbered: when it is lost, the next is told a while later. */
const underWayUs = 10_000_000;

export class WarningsChecker implements Checker {
  readonly name = 'warnings';
  readonly promise =
    'once faults end, each server that is shown another key for a person than the pinned one tells him, and nobody is warned of anything else';
  readonly atEnd = true;
  #isCalm = false;
  #nowUs = 0;
  readonly #tried = new Set<string>();
  readonly #told = new Set<string>();
  /** When each was refused first, of those of which nobody was told since then. */
  readonly #openUs = new Map<string, number>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'calm') this.#isCalm = true;
    else if (observation.kind === 'tick') this.#nowUs = observation.atUs;
    else if (observation.kind === 'ended') {
      for (const [key, sinceUs] of this.#openUs) {
        if (this.#nowUs - sinceUs >= underWayUs) return `${key} was refused, and nobody is told`;
      }
    }
    return observation.kind === 'false key' ? this.#take(observation) : null;
  }

  #take({ step, host, person, fingerprint }: Extract<Observation, { kind: 'false key' }>): string | null {
    const key = `${fingerprint} for ${person} at ${host}`;
    if (step === 'tried') this.#tried.add(key);
    else if (step === 'refused' && this.#isCalm && !this.#told.has(key)) {
      if (!this.#openUs.has(key)) this.#openUs.set(key, this.#nowUs);
    } else if (step === 'told') {
      this.#openUs.delete(key);
      if (this.#isCalm) this.#told.add(key);
      return this.#tried.has(key) ? null : `${person} is warned of ${key}, which nobody tried`;
    }
    return null;
  }
}
