/** What trust in other domains needs of its node beside a desk: its circuits to them. docs/spec/trust.md#decision */
import type { Desk } from '../desk.ts';

/** The circuits of a node to other domains. */
export interface Ways {
  /** Domains to which a circuit is ready. */
  linked(): readonly string[];
  /** Where the other end of that circuit is; null: nobody knows. */
  addressOf(domain: string): string | null;
  /** Whether the circuit to it was opened from here: then it is where the domain is found. */
  isOurs(domain: string): boolean;
  /** Opens a circuit to where it is found, also where somebody has come from there. */
  goTo(domain: string): void;
  /** Somebody waits for a circuit there: what failed a short while ago is tried again now. */
  hurry(domain: string): void;
  /** Whether it was dialled in vain. */
  isUnreached(domain: string): boolean;
  /** Closes the circuits to a domain for cause. */
  shut(domain: string, code: string): void;
}

/** A node. */
export interface TrustOwner extends Desk {
  readonly ways: Ways;
}
