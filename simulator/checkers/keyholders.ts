/** Checks that whoever is no member of a context is not told its key. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { frameIn, type MembersOf, serviceIn } from '../raw-cell.ts';
import { textOfBytes } from '../raw-packet.ts';
import type { Checker } from './checker.ts';

const KEY = 6;
const KEY_BYTES = 32;

export class KeyholdersChecker implements Checker {
  readonly name = 'keyholders';
  readonly promise = 'a context’s key is told to its members only';
  readonly atEnd = false;
  readonly #membersOf: MembersOf;
  /** Keys that were told, and whose. */
  readonly #keys = new Map<string, string>();

  constructor(membersOf: MembersOf) {
    this.#membersOf = membersOf;
  }

  observe(observation: Observation): string | null {
    if (observation.kind !== 'multicast') return null;
    const frame = frameIn(observation.content);
    if (frame === null || frame.method !== '_mor_tell') return null;
    const { host, peer } = observation;
    const key = textOfBytes(frame.data.subarray(KEY, KEY + KEY_BYTES));
    const owner = this.#keys.get(key) ?? host;
    this.#keys.set(key, owner);
    return this.#membersOf(owner, serviceIn(observation.context)).includes(peer)
      ? null
      : `${host} told ${peer} a key of the context of ${owner}`;
  }
}
