/** Checks that no server has words, or a file, that their author has deleted, and that all others are there. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

const DELETES = 'deletes ';

/** What a publication says that deletes another one, by the key of that. */
export const saysDeleted = (key: string): string => `${DELETES}${key}`;

/** The context under which it is told which rows of a context have words. */
export const wordsIn = (context: string): string => `words in ${context}`;

/** The same of which a file is there. */
export const filesIn = (context: string): string => `files in ${context}`;

/** How what has a file begins. */
export const WITH_FILE = 'file ';

export class DeletedChecker implements Checker {
  readonly name = 'deleted';
  readonly promise =
    'once faults end, no server has words or a file that their author has deleted, and each has all others';
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
    const standing: { readonly key: string; readonly target: string; readonly hasFile: boolean }[] = [];
    for (const { key, target, content } of this.#sayings.all()) {
      const text = new TextDecoder().decode(content);
      if (text.startsWith(DELETES)) deleted.add(text.slice(DELETES.length));
      else standing.push({ key, target, hasFile: text.startsWith(WITH_FILE) });
    }
    for (const [host, contexts] of observation.stored) {
      for (const context of this.#contexts) {
        for (const [what, within] of [
          ['words', wordsIn],
          ['file', filesIn],
        ] as const) {
          const there = new Set(contexts.get(within(context)));
          const left = [...deleted].find((key) => there.has(key));
          if (left !== undefined)
            return `${host} has the ${what} of ${left}, which ${what === 'file' ? 'is' : 'are'} deleted`;
          const lost = standing.find(({ key, target, hasFile }) => {
            const isMeant = target === context && (hasFile || what === 'words');
            return isMeant && !deleted.has(key) && !there.has(key);
          });
          if (lost !== undefined) return `${host} has lost the ${what} of ${lost.key}`;
        }
      }
    }
    return null;
  }
}
