/** A node's circuits to other domains, as its trust sees them. docs/spec/trust.md#decision */
import type { NodeCircuits } from './circuits.ts';
import type { Peers } from './peers.ts';
import type { Ways } from './trust/trust-owner.ts';

/** Those of these peers. */
export const waysOf = (peers: Peers, circuits: NodeCircuits): Ways => ({
  linked: () => peers.up(),
  addressOf: (domain) => circuits.addressOf(peers.get(domain)?.circuit ?? ''),
  isOurs: (domain) => peers.get(domain)?.isOurs === true,
  goTo: (domain) => peers.get(domain)?.goTo(),
  hurry: (domain) => peers.get(domain)?.hurry(),
  isUnreached: (domain) => peers.get(domain)?.isUnreached === true,
  shut(domain, code) {
    for (const circuit of peers.get(domain)?.circuits ?? []) circuits.giveUp(circuit, code);
  },
});
