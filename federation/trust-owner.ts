/** What trust in other domains needs of its node beside a desk: its circuits to them. docs/spec/trust.md#decision */
import type { NodeCircuits } from './circuits.ts';
import type { Desk } from './desk.ts';
import type { Peers } from './peers.ts';

/** The circuits of a node to other domains. */
export interface Ways {
  /** Domains to which a circuit is ready. */
  linked(): readonly string[];
  /** Where the other end of that circuit is; null: nobody knows. */
  addressOf(domain: string): string | null;
  /** Whether it was dialled in vain. */
  isUnreached(domain: string): boolean;
  /** Closes the circuits to a domain for cause. */
  shut(domain: string, code: string): void;
}

/** A node. */
export interface TrustOwner extends Desk {
  readonly ways: Ways;
}

/** Those of these peers. */
export const waysOf = (peers: Peers, circuits: NodeCircuits): Ways => ({
  linked: () => peers.up(),
  addressOf: (domain) => circuits.addressOf(peers.get(domain)?.circuit ?? ''),
  isUnreached: (domain) => peers.get(domain)?.isUnreached === true,
  shut(domain, code) {
    for (const circuit of peers.get(domain)?.circuits ?? []) circuits.giveUp(circuit, code);
  },
});
