/** Checks that whoever was kicked or banned hears nothing that is said behind that, until he comes back. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { Attendance } from './attendance.ts';
import type { Checker } from './checker.ts';

export class OutsidersChecker implements Checker {
  readonly name = 'outsiders';
  readonly promise =
    'whoever was put out of a place hears nothing that is said there until he comes back, nor a plain peer what was said while none of its people was there';
  readonly atEnd = false;
  readonly #personOf: (host: string) => string;
  readonly #guests: readonly string[];
  readonly #attendance = new Attendance();

  /** `personOf`: whose a device's host is; `guests`: the people of whatever server has no keys. */
  constructor(personOf: (host: string) => string, guests: readonly string[] = []) {
    this.#personOf = personOf;
    this.#guests = guests;
  }

  observe(observation: Observation): string | null {
    this.#attendance.observe(observation);
    if (observation.kind === 'heard') {
      const { host, context, key } = observation;
      const isFor = this.#guests.some((guest) => this.#attendance.wasMember(context, key, guest));
      return isFor ? null : `${host} heard ${key} in ${context}, where none of its people was a member`;
    }
    if (observation.kind !== 'delivered' && observation.kind !== 'overheard') return null;
    const { host, context, key } = observation;
    const person = this.#personOf(host);
    if (!this.#attendance.isShut(context, key, person)) return null;
    return `${host} heard ${key} in ${context}, which ${person} was put out of before`;
  }
}
