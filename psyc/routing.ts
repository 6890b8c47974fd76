/** The routing layer's variables: which there are, what may stand where, and what their presence means. docs/spec/psyc.md#routing */
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import type { Operator, Packet } from './packet.ts';

/** Variables that name an entity. */
const uniformNames: ReadonlySet<string> = new Set([
  '_source',
  '_target',
  '_context',
  '_source_relay',
  '_target_relay',
  // psyced's, understood so that its packets pass:
  '_source_identification',
  '_target_forward',
]);

/** Variables of the routing layer. They do not inherit: `_source_relay` is not a `_source`. */
export const routingNames: ReadonlySet<string> = new Set([
  ...uniformNames,
  '_tag',
  '_tag_relay',
  '_tag_reply',
  '_counter',
  '_fragment',
  '_amount_fragments',
  '_count',
  '_length',
  '_understand_modules',
  '_using_modules',
]);

/** What a packet is, by which of `_source`, `_target` and `_context` it has. */
export type Delivery =
  /** None: between the two ends of the circuit. */
  | 'circuit'
  /** A target and perhaps a source: to one entity. */
  | 'unicast'
  /** A source only: to the receiving node's root entity. */
  | 'root'
  /** A context only: to all its members on this circuit. */
  | 'multicast'
  /** A context and a target: to one member of it. */
  | 'member';

/**
 * How to deliver a packet. `route` gives its routing variables: of the packet alone, or with what the circuit remembers.
 * Throws PsycError `_invalid_usage` for a source together with a context.
 */
export function deliveryOf(route: (name: string) => string | undefined): Delivery {
  const source = given(route('_source'));
  const target = given(route('_target'));
  if (given(route('_context'))) {
    if (source) throw new PsycError('_invalid_usage', 0, 'a source together with a context');
    return target ? 'member' : 'multicast';
  }
  if (target) return 'unicast';
  return source ? 'root' : 'circuit';
}

/**
 * Checks that routing variables, and only they, stand in the routing header, each once, set or assigned, none too long; that
 * they fit together; and that the entity header changes state only in a context. `route` gives what holds for the packet, by
 * itself and by what its circuit remembers. Returns how to deliver it. Throws PsycError: `_foreign_name_in_routing`,
 * `_duplicate_routing`, `_invalid_operator_routing`, `_oversized_uniform`, `_oversized_tag`, `_routing_name_in_entity`,
 * `_unsupported_state_persistent`, `_invalid_usage`; the offset counts from the packet's first byte. (Twice the same variable
 * would let two readers take two sources for one packet.)
 */
export function checkRouting(packet: Packet, route: (name: string) => string | undefined): Delivery {
  const { modifierCount, routingCount } = packet;
  const inContext = given(route('_context'));
  for (let index = 0; index < modifierCount; index++) {
    const name = packet.nameOf(index);
    const operator = packet.operatorOf(index);
    const at = packet.offsetOf(index);
    if (index < routingCount) {
      if (!routingNames.has(name)) throw new PsycError('_foreign_name_in_routing', at, `${name} in the routing header`);
      if (operator !== ':' && operator !== '=') {
        throw new PsycError('_invalid_operator_routing', at, `${operator} in the routing header`);
      }
      checkLength(name, packet.valueOf(index).length, at);
      for (let other = 0; other < index; other++) {
        if (packet.nameOf(other) === name) throw new PsycError('_duplicate_routing', at, `${name} twice`);
      }
    } else {
      if (routingNames.has(name)) throw new PsycError('_routing_name_in_entity', at, `${name} in the entity header`);
      if (changesState(operator) && !inContext) {
        throw new PsycError('_unsupported_state_persistent', at, `${operator} without a context`);
      }
    }
  }
  if (packet.sync.includes('=') && !inContext) {
    throw new PsycError('_unsupported_state_persistent', packet.contentStart, 'a reset without a context');
  }
  return deliveryOf(route);
}

function checkLength(name: string, bytes: number, at: number): void {
  if (uniformNames.has(name)) {
    const most = limits.uniformBytesMax;
    if (bytes > most) throw new PsycError('_oversized_uniform', at, `${name} has over ${most} bytes`);
  } else if (bytes > limits.tagBytesMax) {
    throw new PsycError('_oversized_tag', at, `${name} has over ${limits.tagBytesMax} bytes`);
  }
}

const changesState = (operator: Operator): boolean => operator !== ':' && operator !== '?' && operator !== '!';
const given = (value: string | undefined): boolean => value !== undefined && value !== '';
