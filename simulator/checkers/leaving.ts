/** Checks that of whoever has closed his account nothing is left, and that his places have heard it. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class LeavingChecker implements Checker {
  readonly name = 'leaving';
  readonly promise =
    'once faults end, nothing is kept for whoever has closed his account, and his places have put down that he left';
  readonly atEnd = true;
  readonly #hostOf: (context: string) => string;
  readonly #tag: string;
  readonly #closed = new Map<string, readonly string[]>();

  /** `hostOf`: where a context's log is; `tag`: under which his home leaves a place for him. */
  constructor(hostOf: (context: string) => string, tag: string) {
    this.#hostOf = hostOf;
    this.#tag = tag;
  }

  observe(observation: Observation): string | null {
    if (observation.kind === 'closed') this.#closed.set(observation.person, observation.places);
    if (observation.kind !== 'ended') return null;
    const rowsOf = (context: string): readonly string[] =>
      observation.stored.get(this.#hostOf(context))?.get(context) ?? [];
    for (const [person, places] of this.#closed) {
      const left = rowsOf(person).length;
      if (left > 0) return `${left} rows are kept for ${person}, who has closed his account`;
      for (const place of places) {
        if (!rowsOf(place).includes(this.#tag)) return `${place} has not heard that ${person} is gone`;
      }
    }
    return null;
  }
}
