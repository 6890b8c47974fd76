/** Routing variables assigned with `=`: they hold for every later packet of their circuit and direction. docs/spec/psyc.md#routing */
import { encodedLength } from './bytes.ts';
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import type { Packet } from './packet.ts';
import { type Assignment, renderRouted } from './render.ts';
import { routingNames } from './routing.ts';

/** Operator, TAB and LF. */
const LINE_BYTES = 3;

/** What a circuit's reader remembers. It grows by known names only, and dies with the circuit. */
export class RoutingMemory {
  private readonly assigned = new Map<string, string>();

  /**
   * The variables that hold for this packet: its own, then what earlier packets assigned; an empty value unsets. Takes over
   * what this packet assigns, so it is to be called once a packet, in order. Lines that `checkRouting` refuses do nothing.
   * Throws PsycError `_oversized_routing` when all of them together would not fit into one routing header: then nobody
   * could send the packet on.
   */
  take(packet: Packet): ReadonlyMap<string, string> {
    const now = new Map(this.assigned);
    for (let index = 0; index < packet.routingCount; index++) {
      const name = packet.nameOf(index);
      const operator = packet.operatorOf(index);
      if (!routingNames.has(name) || (operator !== ':' && operator !== '=')) continue;
      const text = packet.textOf(index);
      put(now, name, text);
      if (operator === '=') put(this.assigned, name, text);
    }
    check(now);
    return now;
  }
}

/** What is worth assigning: who speaks to whom. Tags and counters differ from packet to packet. */
const assignable: ReadonlySet<string> = new Set(['_source', '_target', '_context']);

/**
 * The writer's side: leaves out what the peer remembers already. A value is assigned when two packets in a row had it, so
 * that the first of many pays, not the only one. Every packet of the circuit must go through it, and be sent.
 */
export class RoutingCompression {
  private readonly assigned = new Map<string, string>();
  private last: ReadonlyMap<string, string> = new Map();

  /** A packet that has just these variables for the peer, and this content as `renderRouted` takes it. */
  packet(routing: ReadonlyMap<string, string>, content: Uint8Array | null, withLength = true): Uint8Array {
    const lines = this.lines(routing);
    // With everything left out it would be the empty packet, which means nothing: one variable stays.
    const [variable] = routing;
    if (lines.length === 0 && content === null && variable !== undefined) {
      lines.push({ operator: ':', name: variable[0], value: variable[1] });
    }
    return renderRouted(lines, content, withLength);
  }

  /** The lines that make a `RoutingMemory` hold just these variables for the next packet. */
  lines(routing: ReadonlyMap<string, string>): Assignment[] {
    const lines: Assignment[] = [];
    for (const [name, value] of routing) {
      if (this.assigned.get(name) === value) continue;
      const operator = assignable.has(name) && this.last.get(name) === value ? '=' : ':';
      lines.push({ operator, name, value });
      if (operator === '=') put(this.assigned, name, value);
    }
    for (const name of this.assigned.keys()) {
      if (!routing.has(name)) lines.push({ operator: ':', name, value: '' });
    }
    this.last = new Map(routing);
    return lines;
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
