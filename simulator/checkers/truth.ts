/** Checks that what is delivered was said, to this target and in these bytes. docs/simulator.md#checkers */
import type { Observation } from '../observation.ts';
import { type Checker, Sayings } from './checker.ts';

export class TruthChecker implements Checker {
  readonly name = 'truth';
  readonly promise = 'what is delivered was said, to that target and byte for byte';
  readonly atEnd = false;
  readonly #sayings = new Sayings();

  observe(observation: Observation): string | null {
    this.#sayings.observe(observation);
    if (observation.kind !== 'delivered') return null;
    const { tag, context, packet } = observation;
    const said = this.#sayings.get(tag);
    if (said === undefined) return `${tag} was delivered to ${context}, and nobody said it`;
    if (said.target !== context) return `${tag} was said to ${said.target} and delivered to ${context}`;
    // Data, LF and the terminator are a packet's last bytes.
    const from = packet.length - 3 - said.data.length;
    if (from > 0 && packet[from - 1] === 0x0a && said.data.every((byte, index) => packet[from + index] === byte))
      return null;
    return `${tag} was delivered to ${context} with other data than was said`;
  }
}
