/** Checks that nobody takes a key for a domain's that its owner has not made so. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class PinsChecker implements Checker {
  readonly name = 'pins';
  readonly promise =
    'no server and no device pins a key for a domain that its owner has not made the domain’s, but where its thief has had his time with nobody there, or the keys of its zone';
  readonly atEnd = false;
  readonly #named = new Set<string>();
  /** By host, domain and fingerprint: from when on. */
  readonly #deceivable = new Map<string, number>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'named') this.#named.add(`${observation.domain} ${observation.fingerprint}`);
    if (observation.kind === 'deceivable') {
      const { host, domain, fingerprint, fromUs } = observation;
      this.#deceivable.set(`${host} ${domain} ${fingerprint}`, fromUs);
    }
    if (observation.kind !== 'pinned') return null;
    const { host, domain, fingerprint, atUs } = observation;
    if (this.#named.has(`${domain} ${fingerprint}`)) return null;
    const fromUs = this.#deceivable.get(`${host} ${domain} ${fingerprint}`);
    return fromUs !== undefined && atUs >= fromUs ? null : `${host} pinned ${fingerprint} for ${domain}`;
  }
}
