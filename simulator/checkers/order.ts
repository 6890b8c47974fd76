/** Checks that every reader gets each author's packets in the order in which they were said. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class OrderChecker implements Checker {
  readonly name = 'order';
  readonly promise = 'what one author says to one target is delivered in the order in which it was said';
  readonly atEnd = false;
  readonly #sayings = new Sayings();
  readonly #withGaps: boolean;
  /** Highest counter delivered, by author and log. */
  readonly #highest = new Map<string, number>();

  /** `withGaps`: an author's numbers are also used for what is not delivered, and readers come later. */
  constructor(withGaps = false) {
    this.#withGaps = withGaps;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind !== 'delivered' && observation.kind !== 'heard') return null;
    const said = this.#sayings.get(observation.key);
    if (said === undefined) return null;
    const reader = observation.kind === 'heard' ? `${observation.host} ${observation.circuit}` : observation.host;
    const key = `${said.author} ${observation.context} ${reader}`;
    const highest = this.#highest.get(key) ?? 0;
    this.#highest.set(key, Math.max(highest, said.counter));
    if (this.#withGaps ? said.counter >= highest : said.counter <= highest + 1) return null;
    return `number ${said.counter} of ${said.author} was delivered to ${observation.context} right after number ${highest}`;
  }
}
