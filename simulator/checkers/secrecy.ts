/** Checks that only members can read what is said in a members-only place, whoever has its log and sees every link. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { textOfBytes } from '../raw-packet.ts';
import { Attendance } from './attendance.ts';
import type { Checker } from './checker.ts';

export class SecrecyChecker implements Checker {
  readonly name = 'secrecy';
  readonly promise =
    'what is said in a members-only place is nowhere in the clear, and nobody has a key to it who was no member then';
  readonly atEnd = false;
  readonly #mark: string;
  readonly #attendance = new Attendance();

  /** `mark`: what everything that is said in confidence has in it, and nothing else. */
  constructor(mark: string) {
    this.#mark = mark;
  }

  observe(observation: Observation): string | null {
    this.#attendance.observe(observation);
    if (observation.kind === 'shown') {
      const { host, where, bytes } = observation;
      return textOfBytes(bytes).includes(this.#mark) ? `${host} shows it in the clear to whoever sees ${where}` : null;
    }
    if (observation.kind !== 'readable') return null;
    const { context, key, person } = observation;
    if (this.#attendance.wasMember(context, key, person)) return null;
    return `${person} has a key to ${key} of ${context}, and was no member then`;
  }
}
