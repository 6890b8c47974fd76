/** Checks that servers come to agree on each other's keys, once nothing fails any more. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class AgreementChecker implements Checker {
  readonly name = 'agreement';
  readonly promise = 'once faults end, every server has each domain’s present key pinned, and stands well with it';
  readonly atEnd = true;
  readonly #domains: readonly string[];
  readonly #named = new Map<string, string>();
  readonly #pinned = new Map<string, string>();

  /** `domains`: all whose servers are honest; a server's host is called as its domain. */
  constructor(domains: readonly string[]) {
    this.#domains = domains;
  }

  observe(observation: Observation): string | null {
    if (observation.kind === 'named') this.#named.set(observation.domain, observation.fingerprint);
    else if (observation.kind === 'pinned') {
      const { host, domain, fingerprint, standing } = observation;
      this.#pinned.set(`${host} ${domain}`, `${fingerprint}, ${standing}`);
    }
    return observation.kind === 'ended' ? this.#missing() : null;
  }

  #missing(): string | null {
    for (const host of this.#domains) {
      for (const domain of this.#domains) {
        const wanted = `${this.#named.get(domain)}, normal`;
        const pinned = this.#pinned.get(`${host} ${domain}`) ?? 'nothing';
        if (host !== domain && pinned !== wanted) return `${host} has of ${domain}: ${pinned}; and not ${wanted}`;
      }
    }
    return null;
  }
}
