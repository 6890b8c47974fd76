/** What a node gives its listener: circuits, the admin's rules, persons. docs/spec/listener-bots.md#in-a-server */
import type { NodeCircuits } from '../circuits.ts';
import type { Desk } from '../desk.ts';
import type { Entities } from '../entities.ts';
import type { NodeEffect } from '../events.ts';
import type { KeySearch } from '../keys/key-search.ts';
import type { Letter } from '../letter.ts';
import { Mor, type MorOwner } from './mor.ts';
import type { Peers } from '../peers.ts';
import type { Policy } from '../trust/policy.ts';
import type { Ways } from '../trust/trust-owner.ts';

/** The node's listener; null where it has none. */
export function morFor(
  desk: Desk & { readonly ways: Ways; effect(effect: NodeEffect): void },
  circuits: NodeCircuits,
  peers: Peers,
  policy: Policy,
  entities: Entities,
  search: KeySearch,
): Mor | null {
  const { mor } = desk.options;
  if (mor === undefined) return null;
  const owner: MorOwner = {
    desk,
    circuitTo: (domain) => peers.get(domain)?.circuit ?? null,
    send: (circuit, bytes) => void circuits.tell(circuit, { kind: 'send', bytes }),
    isFree: (domain) => policy.ruleOf(domain) !== 'limit' && policy.faultOf(domain) === null,
    find: (person, found) => search.find(person, found),
    deliver: (letter: Letter, person) => entities.person(person)?.take(letter),
  };
  return new Mor(owner, mor);
}
