/** What trust in other domains needs of its node beside a desk: its circuits to them. docs/spec/trust.md#decision */
import type { Desk } from '../desk.ts';

/** The circuits of a node to other domains. */
export interface Ways {
  /** Domains to which a circuit is ready. */
  linked(): readonly string[];
  /** Where the other end of that circuit is; null: nobody knows. */
  addressOf(domain: string): string | null;
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
