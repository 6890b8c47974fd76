/** Checks that everything that was said arrives, once nothing fails any more. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class LivenessChecker implements Checker {
  readonly name = 'liveness';
  readonly promise = 'once faults end, everything said is delivered, and its author hears that it was taken';
  readonly atEnd = true;
  readonly #sayings = new Sayings();
  readonly #needsDelivery: boolean;
  readonly #isPromised: (author: string) => boolean;
  readonly #delivered = new Set<string>();
  readonly #taken = new Set<string>();

  /** Without `needsDelivery` another checker says who should have got it; `isPromised`: whether anything is, to this author. */
  constructor(needsDelivery = true, isPromised: (author: string) => boolean = () => true) {
    this.#needsDelivery = needsDelivery;
    this.#isPromised = isPromised;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'delivered') this.#delivered.add(observation.key);
    if (observation.kind === 'acknowledged' && observation.to === 'person') this.#taken.add(observation.key);
    if (observation.kind === 'refused' && !this.#needsDelivery) this.#taken.add(observation.key);
    if (observation.kind !== 'ended') return null;
    const missing = this.#sayings
      .all()
      .filter(({ author }) => this.#isPromised(author))
      .filter(({ key }) => (this.#needsDelivery && !this.#delivered.has(key)) || !this.#taken.has(key));
    const first = missing[0];
    if (first === undefined) return null;
    return `${missing.length} said and never delivered or acknowledged, the first ${first.key}`;
  }
}
