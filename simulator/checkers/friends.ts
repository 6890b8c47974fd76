/** Checks that nobody sees the presence of whom he is no friend of, and that friendship is the same on both sides. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';
import { Words } from './words.ts';

export class FriendsChecker implements Checker {
  readonly name = 'friends';
  readonly promise = 'presence reaches friends only, and who are friends is the same at both homes';
  readonly atEnd = false;
  readonly #words = new Words();

  observe(observation: Observation): string | null {
    this.#words.observe(observation);
    if (observation.kind === 'presence' && observation.availability > 1) {
      const { host, person, of } = observation;
      return this.#words.mayBeFriends(person, of) ? null : `${host} was shown the presence of ${of}, who is no friend`;
    }
    if (observation.kind !== 'standing') return null;
    const { host, person, other, standing } = observation;
    const expected = this.#words.areFriends(person, other);
    const isFriend = standing === 'friend';
    if (expected === null || expected === isFriend) return null;
    return `${host} was told that ${other} is ${isFriend ? 'a' : 'no'} friend of ${person}`;
  }
}
