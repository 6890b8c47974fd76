/** What others have heard of a successor of our own key: where it is not the one that we announce, somebody else has the key, or the recovery key. docs/spec/trust.md#telling-the-domain */
import { hexOf } from '../../crypto/bytes.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import type { Announced, Notice } from '../events.ts';
import { remember } from '../remember.ts';
import type { TrustOwner } from './trust-owner.ts';

type Named = Notice & { readonly kind: 'successor' };

/** What was told of our own key. Whoever tells it is believed nothing: our key's signature is under it, or our recovery key's. */
export class OwnSuccessors {
  readonly #node: TrustOwner;
  /** Statements that hold and are not ours, by hash of their bytes. */
  readonly #known = new Map<string, Omit<Named, 'domain'>>();
  #isChecking = false;

  constructor(node: TrustOwner) {
    this.#node = node;
  }

  /** `announced`: what we say ourselves. While one is checked no other is: all are told again. */
  heard(domain: string, told: Announced, announced: Announced | null): void {
    const { suite, identity, federationLimits } = this.#node.options;
    const own = [announced?.statement, identity.rotation].filter((one) => one !== undefined);
    if (own.some((one) => equalBytes(one, told.statement))) return;
    const id = hexOf(suite.blake2b(told.statement, 32));
    const known = this.#known.get(id);
    if (known !== undefined) this.#node.notify({ ...known, domain });
    if (known !== undefined || this.#isChecking) return;
    this.#isChecking = true;
    const olds = [identity.certificate, ...(identity.before === undefined ? [] : [identity.before])];
    this.#node.askPki({ kind: 'rotation', domain: this.#node.domain, olds, ...told }, (read) => {
      this.#isChecking = false;
      if (read.kind !== 'rotation') return;
      const { to, signer } = read.rotation;
      const isOurs =
        signer === 'old key' || (identity.recovery !== undefined && signer.recovery === hexOf(identity.recovery));
      if (!isOurs || to === hexOf(identity.fingerprint)) return;
      const named = {
        kind: 'successor',
        fingerprint: to,
        by: signer === 'old key' ? 'our key' : 'recovery key',
      } as const;
      remember(this.#known, id, named, federationLimits.successorsHeardMax);
      this.#node.notify({ ...named, domain });
    });
  }
}
