/** Checks that nothing reaches a person of whom he has blocked. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import type { Checker } from './checker.ts';

export class BlockedChecker implements Checker {
  readonly name = 'blocked';
  readonly promise = 'what somebody says who is blocked is neither kept nor delivered';
  readonly atEnd = false;
  /** Who has blocked whom. */
  readonly #blocked = new Set<string>();
  /** What was said by somebody who was blocked by then, by key. */
  readonly #refusable = new Set<string>();

  observe(observation: Observation): string | null {
    if (observation.kind === 'blocked') this.#blocked.add(`${observation.person} ${observation.who}`);
    if (observation.kind === 'said') {
      const author = observation.author.split('#', 1)[0]!;
      if (this.#blocked.has(`${observation.target} ${author}`)) this.#refusable.add(observation.key);
    }
    if (observation.kind !== 'durable' && observation.kind !== 'delivered') return null;
    const { kind, host, context, key } = observation;
    // On its way from the author's own server it lies in a log, too.
    if (!context.includes('/~') || !this.#refusable.has(key)) return null;
    return `${host} took ${key} to ${context}, from somebody who is blocked: it is ${kind}`;
  }
}
