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
    // Data, LF and the terminator are a packet's last bytes; without data it is the method that stands there.
    const from = packet.length - 3 - said.data.length;
    const isThere =
      said.data.length === 0
        ? endsInMethod(packet.subarray(0, from))
        : packet[from - 1] === 0x0a && said.data.every((byte, index) => packet[from + index] === byte);
    return isThere ? null : `${tag} was delivered to ${context} with other data than was said`;
  }
}

/** Whether the last line is of lower case letters and _ alone: the people here have no other methods. */
function endsInMethod(bytes: Uint8Array): boolean {
  const line = bytes.subarray(bytes.lastIndexOf(0x0a) + 1);
  return line.length > 0 && line.every((byte) => byte === 0x5f || (byte >= 0x61 && byte <= 0x7a));
}
