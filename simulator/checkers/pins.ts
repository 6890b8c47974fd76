/** Checks that nobody takes a key for a domain's that its owner has not made so. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class PinsChecker implements Checker {
  readonly name = 'pins';
  readonly promise = 'no server and no device pins a key for a domain that its owner has not made the domain’s';
  readonly atEnd = false;
  readonly #named = new Set<string>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'named') this.#named.add(`${observation.domain} ${observation.fingerprint}`);
    if (observation.kind !== 'pinned') return null;
    const { host, domain, fingerprint } = observation;
    return this.#named.has(`${domain} ${fingerprint}`) ? null : `${host} pinned ${fingerprint} for ${domain}`;
  }
}
