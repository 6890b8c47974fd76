/** Checks that a multicast crosses a link between two servers once, however many members are behind it. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class CopiesChecker implements Checker {
  readonly name = 'copies';
  readonly promise = 'a multicast crosses a server link in one copy; another only when it is sent again later';
  readonly atEnd = false;
  readonly #servers: ReadonlySet<string>;
  /** When a row was last written, by circuit. */
  readonly #written = new Map<string, number>();

  constructor(servers: readonly string[]) {
    this.#servers = new Set(servers);
  }

  observe(observation: Observation): string | null {
    if (observation.kind !== 'multicast') return null;
    const { host, circuit, peer, context, counter, atUs } = observation;
    if (!this.#servers.has(host) || !this.#servers.has(peer)) return null;
    const key = `${host} ${circuit} ${context} ${counter}`;
    const before = this.#written.get(key);
    this.#written.set(key, atUs);
    // Who sends again waits for a while; copies for several members leave in one step.
    return before === atUs ? `${host} wrote number ${counter} of ${context} to ${peer} twice at once` : null;
  }
}
