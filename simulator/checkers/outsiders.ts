/** Checks that whoever was kicked or banned hears nothing that is said behind that, until he comes back. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { Attendance } from './attendance.ts';
import type { Checker } from './checker.ts';

export class OutsidersChecker implements Checker {
  readonly name = 'outsiders';
  readonly promise = 'whoever was put out of a place hears nothing that is said there until he comes back';
  readonly atEnd = false;
  readonly #personOf: (host: string) => string;
  readonly #attendance = new Attendance();

  /** `personOf`: whose a device's host is. */
  constructor(personOf: (host: string) => string) {
    this.#personOf = personOf;
  }

  observe(observation: Observation): string | null {
    this.#attendance.observe(observation);
    if (observation.kind !== 'delivered' && observation.kind !== 'overheard') return null;
    const { host, context, key } = observation;
    const person = this.#personOf(host);
    if (!this.#attendance.isShut(context, key, person)) return null;
    return `${host} heard ${key} in ${context}, which ${person} was put out of before`;
  }
}
