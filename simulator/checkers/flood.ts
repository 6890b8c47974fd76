/** Checks that every cell is rebroadcast by everybody, whosever it is. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { cellOf, type MembersOf, serviceIn } from '../raw-cell.ts';
import type { Checker } from './checker.ts';

const SECOND = 1_000_000;
/** Links are whole again so long after faults end; a cell is through its queues so long after it was heard. */
const healUs = 20 * SECOND;
const passUs = 10 * SECOND;

/** One cell: when each host first had it, and whom each wrote it to. */
interface Way {
  readonly first: string;
  /** The context in which it goes round, as in uniforms. */
  readonly context: string;
  readonly sinceUs: Map<string, number>;
  readonly written: Set<string>;
}

export class FloodChecker implements Checker {
  readonly name = 'flood';
  readonly promise = 'once faults end, every server passes every cell on to all members of its context';
  readonly atEnd = true;
  readonly #honest: readonly string[];
  readonly #membersOf: MembersOf;
  readonly #ways = new Map<string, Way>();
  #nowUs = 0;
  #calmUs = Number.MAX_SAFE_INTEGER;

  constructor(honest: readonly string[], membersOf: MembersOf) {
    this.#honest = honest;
    this.#membersOf = membersOf;
  }

  observe(observation: Observation): string | null {
    if (observation.kind === 'calm') this.#calmUs = this.#nowUs;
    if (observation.kind === 'ended') return this.#judge();
    if (observation.kind !== 'multicast') return null;
    const { host, peer, atUs } = observation;
    this.#nowUs = atUs;
    const seen = cellOf(observation.content);
    if (seen === null) return null;
    const way = this.#ways.get(seen.name) ?? {
      first: host,
      context: serviceIn(observation.context),
      sinceUs: new Map(),
      written: new Set(),
    };
    this.#ways.set(seen.name, way);
    for (const one of [host, peer]) if (!way.sinceUs.has(one)) way.sinceUs.set(one, atUs);
    way.written.add(`${host} ${peer}`);
    return null;
  }

  #judge(): string | null {
    for (const { first, context, sinceUs, written } of this.#ways.values()) {
      // What somebody dishonest puts out may be refused at the link.
      if (!this.#honest.includes(first)) continue;
      for (const [host, atUs] of sinceUs) {
        if (!this.#honest.includes(host) || atUs < this.#calmUs + healUs || atUs > this.#nowUs - passUs) continue;
        const left = this.#membersOf(host, context).find((member) => !written.has(`${host} ${member}`));
        if (left !== undefined) return `${host} never passed to ${left} a cell that ${first} had put out`;
      }
    }
    return null;
  }
}
