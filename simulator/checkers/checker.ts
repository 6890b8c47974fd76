/** What a checker is: it sees what can be seen from outside, and says when that breaks a promise. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';

/** Every promise that is checked, in the order of reports. `crash` and `determinism` are the kernel's: they have no checker. */
export const checkerNames = [
  'order',
  'once',
  'truth',
  'acknowledgement',
  'durability',
  'liveness',
  'queues',
  'members',
  'outsiders',
  'copies',
  'forgery',
  'leaving',
  'friends',
  'presence',
  'blocked',
  'secrecy',
  'readers',
  'reopening',
  'arrival',
  'spent',
  'keyholders',
  'flood',
  'enveloping',
  'congestion',
  'pins',
  'agreement',
  'countersignatures',
  'visits',
  'warnings',
  'admission',
  'sets',
  'chains',
  'deleted',
  'crash',
  'determinism',
] as const;

/** The name of one checker. */
export type CheckerName = (typeof checkerNames)[number];

/** Watches one run. */
export interface Checker {
  readonly name: CheckerName;
  /** The promise, in a sentence. */
  readonly promise: string;
  /** Whether it can only judge a run that was played to its end. */
  readonly atEnd: boolean;
  /** Looks at what was seen; gives what is wrong with it, or null. */
  observe(observation: Observation): string | null;
}

/** What was said, by key: most checkers need to know it. */
export class Sayings {
  readonly #byKey = new Map<string, Extract<Observation, { kind: 'said' }>>();

  /** Remembers what was said. */
  observe(observation: Observation): void {
    if (observation.kind === 'said') this.#byKey.set(observation.key, observation);
  }

  /** What was said under this key. */
  get(key: string): Extract<Observation, { kind: 'said' }> | undefined {
    return this.#byKey.get(key);
  }

  /** Everything said, in order. */
  all(): Extract<Observation, { kind: 'said' }>[] {
    return [...this.#byKey.values()];
  }
}
