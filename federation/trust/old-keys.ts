/** Statements by keys that a domain has left, which say something else than what was followed: somebody has such a key still. docs/spec/trust.md#retired-keys */
import type { KeptRotation } from './trust-record.ts';
import type { RotationsKept } from './rotation-heard.ts';
import { remember } from '../remember.ts';
import type { RotationNotices } from './rotation-notices.ts';
import type { TrustOwner } from './trust-owner.ts';

/** What one node does with those that it hears. */
export class OldKeys {
  readonly #node: TrustOwner;
  readonly #notices: RotationNotices;
  /** By who told which: two who have followed different ones would go on for ever. */
  readonly #answered = new Map<string, true>();

  constructor(node: TrustOwner, notices: RotationNotices) {
    this.#node = node;
    this.#notices = notices;
  }

  /** The admin hears of each, and the domain; who told it hears, once, what that key has said before. `teller` null: the domain itself. */
  heard(domain: string, { all, contrary }: RotationsKept, teller: string | null): void {
    for (const one of contrary) {
      this.#node.notify({ kind: 'key', domain, row: '3', alarm: 'old key speaks' });
      const id = `${teller ?? domain} ${one.heard.hash}`;
      if (this.#answered.has(id)) continue;
      remember(this.#answered, id, true, this.#node.options.federationLimits.peersMax);
      this.#tellDomain(domain, one);
      if (teller === null) continue;
      for (const followed of all.filter(({ heard }) => heard.from === one.heard.from)) {
        this.#notices.tell(teller, domain, followed);
      }
    }
  }

  #tellDomain(domain: string, one: KeptRotation): void {
    if (this.#node.ways.linked().includes(domain)) this.#notices.tell(domain, domain, one);
    else this.#notices.tellWhenReady(domain, [one]);
  }
}
