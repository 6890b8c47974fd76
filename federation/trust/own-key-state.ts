/** Whether our own key is revoked: others refuse it for that, and it is looked whether it is so, since one that lies can say it too. docs/spec/trust.md#our-own-key-revoked */
import { hexOf } from '../../crypto/bytes.ts';
import type { OwnKeyShown } from '../admin-questions.ts';
import { remember } from '../remember.ts';
import type { TrustOwner } from './trust-owner.ts';

/** Of one node, in this life: with another key it begins another. */
export class OwnKeyState {
  readonly #node: TrustOwner;
  /** Domains that refuse our key as revoked, and have not let us in since. */
  readonly #refusing = new Set<string>();
  /** By domain that has refused it, when it was last looked for a revocation there. */
  readonly #soughtMs = new Map<string, number>();
  /** A revocation was found that the key itself has signed. */
  #isRevoked = false;

  constructor(node: TrustOwner) {
    this.#node = node;
  }

  /** What the admin is shown; null: nobody says that it is revoked. */
  shown(): OwnKeyShown | null {
    if (this.#refusing.size === 0) return null;
    return { fingerprint: this.#fingerprint, isRevoked: this.#isRevoked, refusedBy: [...this.#refusing].toSorted() };
  }

  /** A domain that we went to has let us in. */
  admittedBy(domain: string): void {
    this.#refusing.delete(domain);
  }

  /** A domain that we went to has refused us. Nothing is believed of it: its key server, and our ring, may have what the key has signed. */
  refusedBy(domain: string, code: string): void {
    if (code !== '_trust_revoked_key') return;
    const { peersMax } = this.#node.options.federationLimits;
    if (this.#refusing.size < peersMax) this.#refusing.add(domain);
    const last = this.#soughtMs.get(domain);
    const { nowMs } = this.#node;
    if (this.#isRevoked) this.#tell(domain);
    else if (last === undefined || nowMs - last >= this.#node.options.trustLimits.recheckSoonMs) {
      remember(this.#soughtMs, domain, nowMs, peersMax);
      this.#seek(domain);
    }
  }

  get #fingerprint(): string {
    return hexOf(this.#node.options.identity.fingerprint);
  }

  #seek(domain: string): void {
    const { domain: own, certificate, fingerprint } = this.#node.options.identity;
    const sought = { domain: own, fingerprint, copies: [certificate], servers: [domain] };
    // A liar takes his own share of what OpenPGP has time for.
    const whose = { stranger: domain };
    this.#node.askPki(
      { kind: 'domain state', ...sought },
      (answer) => {
        if (answer.kind === 'domain state' && answer.revocation === 'hard') this.#isRevoked = true;
        this.#tell(domain);
      },
      whose,
    );
  }

  #tell(domain: string): void {
    const notice = {
      kind: 'own key revoked',
      domain,
      fingerprint: this.#fingerprint,
      isFound: this.#isRevoked,
    } as const;
    this.#node.notify(notice);
  }
}
