/** Routing variables assigned with `=`: they hold for every later packet of their circuit and direction. docs/spec/psyc.md#routing */
import { encodedLength, ownText } from './bytes.ts';
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import type { Packet } from './packet.ts';
import { routingNames } from './routing.ts';

const none: ReadonlyMap<string, string> = new Map();

/** Operator, TAB and LF. */
const LINE_BYTES = 3;

/** What a circuit's reader remembers. It grows by known names only, and dies with the circuit. */
export class RoutingMemory {
  private assigned: ReadonlyMap<string, string> = none;

  /**
   * The variables that hold for this packet: its own, then what earlier packets assigned; an empty value unsets. Takes over
   * what this packet assigns, so it is to be called once a packet, in order. Lines that `checkRouting` refuses do nothing.
   * Throws PsycError `_oversized_routing` when all of them together would not fit into one routing header: then nobody
   * could send the packet on.
   */
  take(packet: Packet): ReadonlyMap<string, string> {
    if (packet.routingCount === 0) return this.assigned;
    const now = new Map(this.assigned);
    let assigned: Map<string, string> | null = null;
    for (let index = 0; index < packet.routingCount; index++) {
      const name = packet.nameOf(index);
      const operator = packet.operatorOf(index);
      if (!routingNames.has(name) || (operator !== ':' && operator !== '=')) continue;
      const text = packet.textOf(index);
      put(now, name, text);
      if (operator === '=') put((assigned ??= new Map(this.assigned)), ownText(name), ownText(text));
    }
    check(now);
    if (assigned !== null) {
      check(assigned);
      this.assigned = assigned;
    }
    return now;
  }
}

function check(variables: ReadonlyMap<string, string>): void {
  let bytes = 0;
  for (const [name, value] of variables) bytes += name.length + LINE_BYTES + encodedLength(value);
  if (bytes > limits.routingBytesMax) {
    throw new PsycError(
      '_oversized_routing',
      limits.routingBytesMax,
      'the routing header and what is assigned are too long',
    );
  }
}

function put(variables: Map<string, string>, name: string, value: string): void {
  if (value === '') variables.delete(name);
  else variables.set(name, value);
}
