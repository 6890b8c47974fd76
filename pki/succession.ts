/** Which key follows a pinned one by its own word, or by its recovery key's, and who contradicts himself. docs/spec/trust.md#succession */
import type { TrustLimits } from './trust-limits.ts';
import type { DomainTrust, RotationHeard } from './trust-state.ts';

/** What the statements that are known come to. */
export interface Succession {
  /** Whether one key has named two successors under one number, and no recovery key has said which. */
  readonly isTorn: boolean;
  /** Whether the recovery key has spoken. */
  readonly isOverruled: boolean;
  /** The last statement on the way from the pinned key to this one, and since when all of the way is known; null: there is no way. */
  to(fingerprint: string): { readonly last: RotationHeard; readonly seenMs: number } | null;
}

/** Statements before the stored number are nobody's. `nowMs`: what begins later or has ended leads nowhere yet, or no more. */
export function successionOf(
  { pin, seq, rotation }: DomainTrust,
  rotations: readonly RotationHeard[],
  nowMs: number,
  { skewMs }: TrustLimits,
): Succession {
  const holds = ({ notBeforeMs, expiresMs }: RotationHeard): boolean =>
    notBeforeMs <= nowMs + skewMs && nowMs < expiresMs;
  /** Those that may follow; where the recovery key speaks, only its own. */
  const after = (from: string, above: number, previous: string | null, recovery: string | null): RotationHeard[] => {
    const own = rotations.filter((one) => {
      const isNext = one.from === from && one.seq > above && (previous === null || one.previous === previous);
      const isSigned = one.signer === 'old key' || one.signer.recovery === recovery;
      return isNext && isSigned && holds(one);
    });
    const overruling = own.filter(({ signer }) => signer !== 'old key');
    return overruling.length > 0 ? overruling : own;
  };
  const isTornIn = (all: readonly RotationHeard[]): boolean =>
    all.some((one) => all.some((other) => one.seq === other.seq && one.to !== other.to));
  const first = pin === null ? [] : after(pin.fingerprint, seq, rotation, pin.recovery);
  return {
    isTorn: isTornIn(first),
    isOverruled: first.some(({ signer }) => signer !== 'old key'),
    to(fingerprint) {
      let ways = first.map((last) => ({ last, seenMs: last.seenMs, recovery: last.recovery ?? pin!.recovery }));
      // Numbers rise along a way: it has no more steps than there are statements.
      for (let step = 0; step < rotations.length && ways.length > 0; step++) {
        const [found] = ways.filter(({ last }) => last.to === fingerprint).sort((a, b) => a.seenMs - b.seenMs);
        if (found !== undefined) return { last: found.last, seenMs: found.seenMs };
        ways = ways.flatMap(({ last, seenMs, recovery }) => {
          const next = after(last.to, last.seq, last.hash, recovery);
          if (isTornIn(next)) return [];
          return next.map((one) => ({
            last: one,
            seenMs: Math.max(seenMs, one.seenMs),
            recovery: one.recovery ?? recovery,
          }));
        });
      }
      return null;
    },
  };
}
