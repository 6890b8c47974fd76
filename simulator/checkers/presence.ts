/** Checks that friends see how it is with each other, once nothing fails any more. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';
import { Words } from './words.ts';

/** Of a device that has said nothing. */
const HERE = 7;

export class PresenceChecker implements Checker {
  readonly name = 'presence';
  readonly promise = 'once faults end, each device has been told of each friend what his devices say';
  readonly atEnd = true;
  readonly #words = new Words();
  readonly #devices: ReadonlyMap<string, readonly string[]>;
  /** What each device has said last, by host. */
  readonly #said = new Map<string, number>();
  /** What each device was told last of whom. */
  readonly #seen = new Map<string, number>();
  /** Who has blocked whom. */
  readonly #blocked = new Set<string>();

  /** `devices`: hosts of those that are counted, by person. */
  constructor(devices: ReadonlyMap<string, readonly string[]>) {
    this.#devices = devices;
  }

  observe(observation: Observation): string | null {
    this.#words.observe(observation);
    if (observation.kind === 'announced') this.#said.set(observation.host, observation.availability);
    if (observation.kind === 'presence') {
      this.#seen.set(`${observation.host} ${observation.of}`, observation.availability);
    }
    if (observation.kind === 'blocked') this.#blocked.add(`${observation.person} ${observation.who}`);
    if (observation.kind !== 'ended') return null;
    for (const [person, hosts] of this.#devices) {
      for (const friend of this.#devices.keys()) {
        if (friend === person || this.#words.areFriends(person, friend) !== true) continue;
        // Who blocks somebody hears nothing of him, and is not here for him.
        if (this.#blocked.has(`${person} ${friend}`)) continue;
        const expected = this.#blocked.has(`${friend} ${person}`) ? 1 : this.#presenceOf(friend);
        const wrong = hosts.find((host) => (this.#seen.get(`${host} ${friend}`) ?? 1) !== expected);
        if (wrong === undefined) continue;
        return `${wrong} was told ${this.#seen.get(`${wrong} ${friend}`) ?? 'nothing'} of ${friend}, and it is ${expected}`;
      }
    }
    return null;
  }

  #presenceOf(person: string): number {
    const said = (this.#devices.get(person) ?? []).map((host) => this.#said.get(host) ?? HERE);
    return said.includes(1) ? 1 : Math.max(...said);
  }
}
