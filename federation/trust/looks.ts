/** When domains are looked at, and why: each reason keeps a time of its own, and the earliest is next. docs/spec/trust.md#when-a-domain-is-looked-at */
import type { TrustRow } from '../../pki/trust-state.ts';

/**
 * Why a domain is looked at.
 * - `round`: its circuit stands; it is looked at now and then.
 * - `away`: its circuit was lost, or it was not reached.
 * - `seen`: others have said which key they see.
 * - `ruled`: the admin has changed his mind.
 * - `untold`: its key has named a successor, and the domain itself has not been told of that.
 * - `sought`: key servers were asked for revocations, which a successor waits for.
 * - `crowded`: the node was to go there, and was on its way to too many others.
 * - `row …`: the table says that time alone may change something.
 */
export type LookReason = 'round' | 'away' | 'seen' | 'ruled' | 'untold' | 'sought' | 'crowded' | `row ${TrustRow}`;

/** How a reason comes again until it is dropped: after `firstMs`, then after twice as long each time, up to `mostMs`, and not at or after `untilMs`. */
export interface Again {
  readonly firstMs: number;
  readonly mostMs: number;
  readonly untilMs: number;
}

/** When a reason is due, and how it comes again; null: it does not. */
interface Due {
  readonly atMs: number;
  /** `waitMs`: how long the wait before this time was. */
  readonly again: (Again & { readonly waitMs: number }) | null;
}

type Reasons = Map<LookReason, Due>;

/** Whether the node goes there for it where there is no circuit. */
export const goesThere = (reason: LookReason): boolean => reason !== 'round';

/** Whether something depends on it: without such a reason a domain gives way to others. */
const isPressing = (reason: LookReason): boolean => reason !== 'round' && reason !== 'away';

const nextOf = (reasons: Reasons): number => Math.min(...[...reasons.values()].map(({ atMs }) => atMs));

const arePressing = (reasons: Reasons): boolean => [...reasons.keys()].some(isPressing);

/** The looks of one node that are to come. Times are milliseconds of one clock that never goes back. */
export class LookPlan {
  readonly #domainsMax: number;
  readonly #planned = new Map<string, Reasons>();

  constructor(domainsMax: number) {
    this.#domainsMax = domainsMax;
  }

  /** Domains that are to be looked at. */
  get size(): number {
    return this.#planned.size;
  }

  has(domain: string, reason: LookReason): boolean {
    return this.#planned.get(domain)?.has(reason) === true;
  }

  /** When the domain is due, for whichever reason; null: never. */
  nextMs(domain: string): number | null {
    const reasons = this.#planned.get(domain);
    return reasons === undefined ? null : nextOf(reasons);
  }

  /** It is to be looked at then. What is due earlier for the same reason stays: giving cause for one more look puts none off. */
  want(domain: string, reason: LookReason, atMs: number): void {
    this.#put(domain, reason, { atMs, again: null });
  }

  /** It is to be looked at again and again; where it is already, that goes on as it was begun. */
  insist(domain: string, reason: LookReason, nowMs: number, again: Again): void {
    const atMs = nowMs + again.firstMs;
    if (this.has(domain, reason) || atMs >= again.untilMs) return;
    this.#put(domain, reason, { atMs, again: { ...again, waitMs: again.firstMs } });
  }

  /** The reasons that are due, each of them once. */
  take(domain: string, nowMs: number): LookReason[] {
    const reasons = this.#planned.get(domain) ?? (new Map() as Reasons);
    const due = [...reasons].filter(([, { atMs }]) => atMs <= nowMs);
    for (const [reason, { again }] of due) {
      reasons.delete(reason);
      if (again === null) continue;
      const waitMs = Math.min(2 * again.waitMs, again.mostMs);
      if (nowMs + waitMs < again.untilMs) reasons.set(reason, { atMs: nowMs + waitMs, again: { ...again, waitMs } });
    }
    if (reasons.size === 0) this.#planned.delete(domain);
    return due.map(([reason]) => reason);
  }

  /** It is not to be looked at for that reason any more. */
  drop(domain: string, reason: LookReason): void {
    const reasons = this.#planned.get(domain);
    reasons?.delete(reason);
    if (reasons?.size === 0) this.#planned.delete(domain);
  }

  /** … for none. */
  forget(domain: string): void {
    this.#planned.delete(domain);
  }

  #put(domain: string, reason: LookReason, due: Due): void {
    const reasons = this.#planned.get(domain) ?? (new Map() as Reasons);
    if ((reasons.get(reason)?.atMs ?? Infinity) <= due.atMs) return;
    reasons.set(reason, due);
    this.#planned.set(domain, reasons);
    if (this.#planned.size > this.#domainsMax) this.#planned.delete(this.#leastPressing());
  }

  /** The domain that gives way: one for which nothing presses, if there is one; of several the one that is due last. */
  #leastPressing(): string {
    const later = (a: Reasons, b: Reasons): Reasons => {
      if (arePressing(a) !== arePressing(b)) return arePressing(a) ? b : a;
      return nextOf(a) > nextOf(b) ? a : b;
    };
    const least = [...this.#planned.values()].reduce(later);
    return [...this.#planned].find(([, reasons]) => reasons === least)![0];
  }
}
