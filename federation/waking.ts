/** What a node must wake when it starts, and the marks of domains that a place still owes something. docs/spec/places.md#membership */
import type { Operation } from '../store/store.ts';
import { type Desk, lease } from './desk.ts';
import { refusalIn } from './inbox.ts';

/** The node's own uniform, under which it keeps what it must wake at its start. */
export const nodeUniform = (domain: string): string => `psyc://${domain}`;

/** The mark of the row after which nobody of a domain is a member, until the domain has it. */
export const untilOf = (domain: string): string => `to ${domain}`;

/** The operation that has a place woken at the start, or no more. */
export const waking = (place: string, { domain }: Desk, isNeeded: boolean): Operation => ({
  op: 'member',
  context: nodeUniform(domain),
  lease,
  name: place,
  sequence: isNeeded ? 1 : 0,
});

/**
 * What is written when the first member of a domain comes: it hears from that row on, and nothing from before. `isOwed`: it
 * has not acknowledged yet that others were put out, and goes on where it is, for it must not miss that.
 */
export const joining = (place: string, domain: string, desk: Desk, isOwed: boolean): Operation[] => [
  ...(isOwed ? [] : [{ op: 'mark', context: place, lease, name: domain, sequence: 'before' } as const]),
  { op: 'mark', context: place, lease, name: untilOf(domain), sequence: -1 },
  // A plain peer acknowledges nothing, and is not waited for.
  ...(desk.options.plain.has(domain) ? [] : [waking(place, desk, true)]),
];

/** What is written when the last one goes: it hears that row and no more. */
export function parting(place: string, domain: string, { options }: Desk): Operation {
  const mark = { op: 'mark', context: place, lease } as const;
  if (options.plain.has(domain)) return { ...mark, name: domain, sequence: -1 };
  return { ...mark, name: untilOf(domain), sequence: 'row' };
}

/** What a place tells of itself. */
export interface Owner {
  /** Whether somebody of the domain is a member, or about to be one. */
  isHeard(domain: string): boolean;
  /** Whether the place need not wake any more. */
  isLast(): boolean;
}

/** Domains whose marks are to be taken out, since they have everything that they were to hear. */
export class Parted {
  readonly #place: string;
  readonly #desk: Desk;
  readonly #owner: Owner;
  readonly #domains = new Set<string>();

  constructor(place: string, desk: Desk, owner: Owner) {
    this.#place = place;
    this.#desk = desk;
    this.#owner = owner;
  }

  get count(): number {
    return this.#domains.size;
  }

  /** Takes a domain's marks out, and after the last one the duty to wake; not while somebody of it comes. */
  forget(domain: string): void {
    this.#domains.add(domain);
    if (this.#owner.isHeard(domain)) {
      this.#domains.delete(domain);
      return;
    }
    const context = this.#place;
    const operations: Operation[] = [domain, untilOf(domain)].map((name) => {
      return { op: 'mark', context, lease, name, sequence: -1 };
    });
    if (this.#owner.isLast()) operations.push(waking(context, this.#desk, false));
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind === 'written' || refusalIn(outcome).again !== 'later') {
        this.#domains.delete(domain);
        return;
      }
      const { retryMsMax } = this.#desk.options.deliveryLimits;
      this.#desk.timer(`part ${domain} ${context}`, retryMsMax, () => {
        if (this.#domains.has(domain)) this.forget(domain);
      });
    });
  }
}
