/** Whether enough independent domains have seen a key themselves. docs/spec/trust.md#quorum */
import { networkOf, registrableOf } from './network.ts';
import type { TrustLimits } from './trust-limits.ts';
import type { Witness } from './trust-state.ts';

/** Which key a witness that counts has seen lately; null: none, or he does not count. */
export function seenBy(
  { standing, pinnedMs, saw }: Witness,
  nowMs: number,
  { witnessPinnedMs, witnessSeenMs, skewMs }: TrustLimits,
): string | null {
  if (saw === null || standing !== 'normal' || nowMs - pinnedMs < witnessPinnedMs) return null;
  return nowMs - saw.atMs <= witnessSeenMs && saw.atMs - nowMs <= skewMs ? saw.fingerprint : null;
}

/**
 * Whether `fingerprint` is seen by a quorum at `nowMs`. Witnesses under one registrable domain or one network are one; who
 * shares with anybody who saw another key saw another key.
 */
export function isQuorum(
  witnesses: readonly Witness[],
  fingerprint: string,
  nowMs: number,
  limits: TrustLimits,
): boolean {
  const { witnessesMin, agreeingParts, agreeingOf } = limits;
  const counted = witnesses.filter((one) => seenBy(one, nowMs, limits) !== null && networkOf(one.address) !== null);
  const groups = grouped(counted, (witness) => [
    `domain ${registrableOf(witness.domain)}`,
    `network ${networkOf(witness.address)}`,
  ]);
  const agreeing = groups.filter((group) => group.every(({ saw }) => saw!.fingerprint === fingerprint));
  return groups.length >= witnessesMin && agreeing.length * agreeingOf >= groups.length * agreeingParts;
}

/** Those that share a label, also by way of others, together. */
function grouped<T>(items: readonly T[], labelsOf: (item: T) => readonly string[]): T[][] {
  let groups: { readonly labels: ReadonlySet<string>; readonly items: readonly T[] }[] = [];
  for (const item of items) {
    const labels = labelsOf(item);
    const near = groups.filter((group) => labels.some((label) => group.labels.has(label)));
    const joined = {
      labels: new Set([...near.flatMap((group) => [...group.labels]), ...labels]),
      items: [...near.flatMap((group) => group.items), item],
    };
    groups = [...groups.filter((group) => !near.includes(group)), joined];
  }
  return groups.map((group) => [...group.items]);
}
