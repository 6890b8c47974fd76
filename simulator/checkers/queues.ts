/** Checks that every queue stays within its limit. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

/** The most of each queue, by the name under which it is measured. */
export type QueueMaxima = Readonly<Record<string, number>>;

/** Knows the limits by itself: a node that was told others is caught. */
export class QueuesChecker implements Checker {
  readonly name = 'queues';
  readonly promise = 'no queue grows past its limit';
  readonly atEnd = false;
  readonly #maxima: QueueMaxima;
  readonly #sayings = new Sayings();
  /** By target: taken from the author's hands, and not yet acknowledged by the target's host. */
  readonly #between = new Map<string, Set<string>>();
  readonly #done = new Set<string>();

  constructor(maxima: QueueMaxima) {
    this.#maxima = maxima;
  }

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind === 'queue') return this.#judge(observation.name, observation.length, observation.host);
    if (observation.kind !== 'acknowledged') return null;
    const said = this.#sayings.get(observation.key);
    if (said === undefined) return null;
    const between = this.#between.get(said.target) ?? new Set();
    this.#between.set(said.target, between);
    if (observation.to === 'peer') {
      this.#done.add(said.key);
      between.delete(said.key);
    } else if (!this.#done.has(said.key)) between.add(said.key);
    // Seen from outside as well: whatever a node says of itself.
    return this.#judge('backlog', between.size, said.target);
  }

  #judge(name: string, length: number, where: string): string | null {
    const most = this.#maxima[name];
    if (most === undefined) return `nobody knows a limit for the queue "${name}" of ${where}`;
    return length > most ? `"${name}" of ${where} held ${length}, at most ${most} are allowed` : null;
  }
}
