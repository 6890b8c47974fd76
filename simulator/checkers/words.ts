/** What people have said of friendship, as a checker goes by it: the later word of each. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';

interface Word {
  readonly wants: boolean;
  readonly timeMs: number;
}

/** All words of one run. */
export class Words {
  /** The newest that was said, by who says it to whom. */
  readonly #said = new Map<string, Word>();
  /** How many were said and are not known to be at both homes. */
  readonly #open = new Map<string, number>();
  /** Who has ever wanted whom. */
  readonly #wanted = new Set<string>();

  observe(observation: Observation): void {
    if (observation.kind !== 'word') return;
    const { person, other, wants, timeMs, isKept } = observation;
    const way = `${person} ${other}`;
    this.#open.set(way, (this.#open.get(way) ?? 0) + (isKept ? -1 : 1));
    if (isKept) return;
    if (wants) this.#wanted.add(way);
    const before = this.#said.get(way);
    if (before === undefined || timeMs > before.timeMs) this.#said.set(way, { wants, timeMs });
  }

  /** Whether both have said that they want to be friends, whatever they said later. */
  mayBeFriends(a: string, b: string): boolean {
    return this.#wanted.has(`${a} ${b}`) && this.#wanted.has(`${b} ${a}`);
  }

  /** Whether they are friends by now; null: something is on its way. */
  areFriends(a: string, b: string): boolean | null {
    const ways = [`${a} ${b}`, `${b} ${a}`];
    if (ways.some((way) => (this.#open.get(way) ?? 0) > 0)) return null;
    return ways.every((way) => this.#said.get(way)?.wants === true);
  }
}
