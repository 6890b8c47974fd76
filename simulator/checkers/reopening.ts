/** Checks that no honest server opens a cell or an envelope twice: what is inside would be put out twice. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { cellOf } from '../raw-cell.ts';
import type { Checker } from './checker.ts';

export class ReopeningChecker implements Checker {
  readonly name = 'reopening';
  readonly promise = 'no honest server takes an onion out of an envelope or out of another onion twice';
  readonly atEnd = false;
  readonly #honest: ReadonlySet<string>;
  readonly #cells = new Set<string>();
  readonly #inner = new Set<string>();

  constructor(honest: readonly string[]) {
    this.#honest = new Set(honest);
  }

  observe(observation: Observation): string | null {
    if (observation.kind !== 'multicast') return null;
    const cell = cellOf(observation.content);
    if (cell === null || this.#cells.has(cell.name)) return null;
    const { name, inner } = cell;
    this.#cells.add(name);
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
