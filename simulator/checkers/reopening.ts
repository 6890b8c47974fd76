/** Checks that no honest server opens a cell or an envelope twice: what is inside would be put out twice. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { cellOf, nameOf } from '../raw-cell.ts';
import type { Checker } from './checker.ts';

export class ReopeningChecker implements Checker {
  readonly name = 'reopening';
  readonly promise = 'no honest server takes an onion out of an envelope or out of another onion twice';
  readonly atEnd = false;
  readonly #honest: ReadonlySet<string>;
  readonly #cells = new Set<string>();
  readonly #inner = new Set<string>();

  /** Onions that clients have handed in, where they may do so again; else none. */
  readonly #handed = new Set<string>();
  readonly #isHandedAgain: boolean;

  /** `isHandedAgain`: a client whose home has crashed hands in the same onion, which is then put out twice and opens once. */
  constructor(honest: readonly string[], isHandedAgain = false) {
    this.#honest = new Set(honest);
    this.#isHandedAgain = isHandedAgain;
  }

  observe(observation: Observation): string | null {
    if (observation.kind === 'handed' && this.#isHandedAgain) this.#handed.add(nameOf(observation.onion));
    if (observation.kind !== 'multicast') return null;
    const cell = cellOf(observation.content);
    if (cell === null || this.#cells.has(cell.name)) return null;
    const { name, inner } = cell;
    this.#cells.add(name);
    if (this.#handed.has(inner)) return null;
    if (this.#inner.has(inner)) {
      // Who is dishonest puts old onions out behind other filler whenever he likes.
      return this.#honest.has(observation.host)
        ? `${observation.host} put out an onion that had been out before`
        : null;
    }
    this.#inner.add(inner);
    return null;
  }
}
