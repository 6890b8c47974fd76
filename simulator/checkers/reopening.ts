/** Checks that no honest server opens a cell or an envelope twice: what is inside would be put out twice. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { cellOf, nameOf, serviceIn } from '../raw-cell.ts';
import type { Checker } from './checker.ts';

export class ReopeningChecker implements Checker {
  readonly name = 'reopening';
  readonly promise = 'no honest server takes an onion out of an envelope or out of another onion twice';
  readonly atEnd = false;
  readonly #honest: ReadonlySet<string>;
  readonly #cells = new Set<string>();
  /** In which contexts each has been. */
  readonly #inner = new Map<string, Set<string>>();

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
    this.#cells.add(cell.name);
    if (this.#handed.has(cell.inner)) return null;
    const { inner } = cell;
    const context = serviceIn(observation.context);
    const contexts = this.#inner.get(inner) ?? new Set();
    this.#inner.set(inner, contexts);
    const isAgain = contexts.has(context);
    contexts.add(context);
    // What goes on in another context is bare in both, and goes there again when it is forgotten that it did: it opens once.
    if (!isAgain || contexts.size > 1) return null;
    // Who is dishonest puts old onions out behind other filler whenever he likes.
    if (this.#honest.has(observation.host)) return `${observation.host} put out an onion that had been out before`;
    return null;
  }
}
