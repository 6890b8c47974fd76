/** Checks that an acknowledgement leaves only after the durable commit. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class AcknowledgementChecker implements Checker {
  readonly name = 'acknowledgement';
  readonly promise = 'nothing is acknowledged before it is durable, and to nobody but its sender';
  readonly atEnd = false;
  readonly #sayings = new Sayings();
  readonly #durable = new Set<string>();
  readonly #relays: ((author: string) => string) | null;
  readonly #alsoTold: (addressee: string, author: string) => boolean;

  /** `relays`: the host of an author's device, where servers pass acknowledgements on to it; null: they do not. `alsoTold`: who may come in his home's name. */
  constructor(
    relays: ((author: string) => string) | null = null,
    alsoTold: (addressee: string, author: string) => boolean = () => false,
  ) {
    this.#relays = relays;
    this.#alsoTold = alsoTold;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'durable') {
      this.#durable.add(`${observation.host} ${observation.context} ${observation.key}`);
    } else if (observation.kind === 'acknowledged') {
      const { host, key, to, addressee } = observation;
      const said = this.#sayings.get(key);
      // Requests are acknowledged as well, where others than what is said is numbered.
      if (said === undefined) return this.#relays === null ? `${host} acknowledged ${key}, and nobody said it` : null;
      const awaited = to === 'person' ? [said.author] : this.#awaited(said.author);
      if (!awaited.includes(addressee) && !this.#alsoTold(addressee, said.author))
        return `${host} acknowledged ${key} to ${addressee}, and ${awaited.join(' or ')} waits for it`;
      const home = this.#relays === null ? host : hostOf(said.target);
      if (this.#durable.has(`${home} ${said.target} ${key}`)) return null;
      return `${host} acknowledged ${key} to a ${to} before it was durable there`;
    }
    return null;
  }

  #awaited(author: string): string[] {
    return this.#relays === null ? [hostOf(author)] : [hostOf(author), this.#relays(author)];
  }
}

/** The host in a uniform. */
const hostOf = (uniform: string): string => uniform.slice('psyc://'.length).split('/', 1)[0]!;
