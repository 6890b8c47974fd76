/** Checks that what a domain says of another's key is what the other has, once nothing fails any more. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

/** A word may be under way for so long. */
const underWayUs = 5_000_000;

export class CountersignaturesChecker implements Checker {
  readonly name = 'countersignatures';
  readonly promise =
    'once faults end, domains countersign each other’s present keys unless an admin wants it otherwise, and each has the other’s newest word';
  readonly atEnd = true;
  readonly #domains: readonly string[];
  #nowUs = 0;
  readonly #named = new Map<string, string>();
  readonly #limited = new Set<string>();
  /** What a host says of a domain's key, and what a host has of a domain's word on its own: the key, until when, and since when. */
  readonly #given = new Map<string, string>();
  readonly #held = new Map<string, string>();
  /** When the two of them began to differ. */
  readonly #apartUs = new Map<string, number>();

  /** `domains`: all whose servers are honest; a server's host is called as its domain. */
  constructor(domains: readonly string[]) {
    this.#domains = domains;
  }

  observe(observation: Observation): string | null {
    switch (observation.kind) {
      case 'named':
        this.#named.set(observation.domain, observation.fingerprint);
        break;
      case 'ruled': {
        const pair = `${observation.host} ${observation.domain}`;
        if (observation.rule === 'limit') this.#limited.add(pair);
        else this.#limited.delete(pair);
        break;
      }
      case 'countersigned': {
        const { host, domain, given, held } = observation;
        const words = given.map(({ fingerprint, untilMs }) => `${fingerprint} ${untilMs}`);
        const newest = words.find((word) => word.startsWith(`${this.#named.get(domain)} `));
        this.#given.set(`${host} ${domain}`, newest ?? '');
        this.#held.set(`${domain} ${host}`, held === null ? '' : `${held.fingerprint} ${held.untilMs}`);
        break;
      }
      case 'tick':
        this.#nowUs = observation.atUs;
        for (const pair of this.#pairs()) {
          if (this.#faultOf(pair) === null) this.#apartUs.delete(pair);
          else if (!this.#apartUs.has(pair)) this.#apartUs.set(pair, this.#nowUs);
        }
        break;
      case 'ended':
        for (const [pair, sinceUs] of this.#apartUs) {
          if (this.#nowUs - sinceUs >= underWayUs) return this.#faultOf(pair);
        }
        break;
      default:
    }
    return null;
  }

  #pairs(): string[] {
    return this.#domains.flatMap((host) =>
      this.#domains.filter((domain) => domain !== host).map((domain) => `${host} ${domain}`),
    );
  }

  #faultOf(pair: string): string | null {
    const [host = '', domain = ''] = pair.split(' ');
    const given = this.#given.get(pair) ?? '';
    const held = this.#held.get(pair) ?? '';
    const isGiven = given !== '' && !given.endsWith(' 0');
    const isWanted = !this.#limited.has(pair);
    if (isWanted && !isGiven) return `${host} does not countersign ${domain}`;
    if (!isWanted && isGiven) return `${host} still countersigns ${domain}`;
    // Whoever limits another takes no word of his either.
    if (this.#limited.has(`${domain} ${host}`)) return null;
    const isHeld = held.startsWith(`${this.#named.get(domain)} `) && !held.endsWith(' 0');
    if (held === given || (!isGiven && !isHeld)) return null;
    return `${host} says of ${domain}: ${given || 'nothing'}; and ${domain} has: ${held || 'nothing'}`;
  }
}
