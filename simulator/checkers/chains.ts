/** Checks that readers get what a device publishes in the order in which it did. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class ChainsChecker implements Checker {
  readonly name = 'chains';
  readonly promise =
    'what a device publishes is shown in its order, but where its reader’s own server took it before what it follows';
  readonly atEnd = false;
  readonly #serverOf: (host: string) => string;
  /** The highest number that a reader was shown of a device, in a context. */
  readonly #highest = new Map<string, number>();
  /** The highest number that a device has given to a server itself. */
  readonly #offered = new Map<string, number>();

  /** `serverOf`: the server of a reader's host. */
  constructor(serverOf: (host: string) => string) {
    this.#serverOf = serverOf;
  }

  observe(observation: Observation): string | null {
    if (observation.kind === 'offered') {
      const { device, counter } = partsOf(observation.key);
      const name = `${observation.host} ${device}`;
      this.#offered.set(name, Math.max(counter, this.#offered.get(name) ?? 0));
    }
    if (observation.kind !== 'delivered') return null;
    const { host, context, key } = observation;
    const { device, counter } = partsOf(key);
    const name = `${host} ${context} ${device}`;
    const before = this.#highest.get(name) ?? 0;
    this.#highest.set(name, Math.max(before, counter));
    const isExcused = (this.#offered.get(`${this.#serverOf(host)} ${device}`) ?? 0) > counter;
    return counter > before || isExcused ? null : `${host} was shown ${key} after ${device}#${before}`;
  }
}

const partsOf = (key: string): { readonly device: string; readonly counter: number } => {
  const at = key.lastIndexOf('#');
  return { device: key.slice(0, at), counter: Number(key.slice(at + 1)) };
};
