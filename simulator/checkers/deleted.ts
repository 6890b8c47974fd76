/** Checks that no server has words that their author has deleted, and that all others are there. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

const DELETES = 'deletes ';

/** What a publication says that deletes another one, by the key of that. */
export const saysDeleted = (key: string): string => `${DELETES}${key}`;

/** The context under which it is told which rows of a context have words. */
export const wordsIn = (context: string): string => `words in ${context}`;

export class DeletedChecker implements Checker {
  readonly name = 'deleted';
  readonly promise = 'once faults end, no server has words that their author has deleted, and each has all others';
  readonly atEnd = true;
  readonly #sayings = new Sayings();
  readonly #contexts: readonly string[];

  constructor(contexts: readonly string[]) {
    this.#contexts = contexts;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind !== 'ended') return null;
    const deleted = new Set<string>();
    const standing: { readonly key: string; readonly target: string }[] = [];
    for (const { key, target, content } of this.#sayings.all()) {
      const text = new TextDecoder().decode(content);
      if (text.startsWith(DELETES)) deleted.add(text.slice(DELETES.length));
      else standing.push({ key, target });
    }
    for (const [host, contexts] of observation.stored) {
      for (const context of this.#contexts) {
        const words = new Set(contexts.get(wordsIn(context)));
        const left = [...deleted].find((key) => words.has(key));
        if (left !== undefined) return `${host} has the words of ${left}, which are deleted`;
        const lost = standing.find(({ key, target }) => target === context && !deleted.has(key) && !words.has(key));
        if (lost !== undefined) return `${host} has lost the words of ${lost.key}`;
      }
    }
    return null;
  }
}
