/** What whoever is refused hears, and what our own admin hears of a look, row by row. docs/spec/trust.md#table */
import type { Alarm, DomainTrust, ProofFinding, TrustDecision, TrustRow } from '../../pki/trust-state.ts';
import type { FederationCode } from '../error.ts';
import type { Notice } from '../events.ts';

/** Rows that refuse no circuit have `_trust_unavailable`. */
const codes: Readonly<Record<TrustRow, FederationCode>> = {
  '1': '_trust_revoked_key',
  '2': '_trust_frozen_key',
  '3': '_trust_changed_key',
  '5': '_trust_revoked_key',
  '6': '_trust_unavailable',
  '7': '_trust_unavailable',
  '7a': '_trust_unavailable',
  '8': '_trust_unavailable',
  '9': '_trust_unavailable',
  '10': '_trust_waiting_key',
  '10a': '_trust_excessive_keys',
  '11': '_trust_waiting_key',
  '12': '_trust_unavailable',
  '13': '_trust_changed_key',
  '14': '_trust_changed_key',
  '15': '_trust_ended_key',
  '15a': '_trust_foreign_key',
  '16': '_trust_unavailable',
  '17': '_trust_unavailable',
  '18': '_trust_unvouched',
};

/** The code of a refusal. */
export const codeOf = ({ row }: TrustDecision): FederationCode => codes[row];

/** Alarms that a line of their own tells of, since somebody came with another key. */
const isAboutAnotherKey = (alarm: Alarm): boolean =>
  alarm === 'impostor' || alarm === 'not as given' || alarm === 'takeover' || alarm === 'rolled back';

/** Whose word led from the pinned key to the next one. A key that is left by its own word is remembered so. */
function ledBy(
  pin: DomainTrust['pin'],
  { pin: followed, left, provedMs }: DomainTrust,
): 'old key' | 'recovery key' | 'others' {
  if (followed?.basis === 'emergency') return 'others';
  const isOwn = left.some(({ fingerprint, atMs }) => fingerprint === pin?.fingerprint && atMs === provedMs);
  return isOwn ? 'old key' : 'recovery key';
}

/** What the admin hears of a look; `expected`: the fingerprint that he gave, else the pinned one. */
export function noticesOf(
  domain: string,
  expected: string,
  { pin }: DomainTrust,
  proof: ProofFinding,
  { row, alarms, next }: TrustDecision,
): Notice[] {
  const fingerprint = proof.kind === 'proved' ? proof.fingerprint : '';
  const isAnother = proof.kind === 'proved' && fingerprint !== pin?.fingerprint;
  return alarms.map((alarm): Notice => {
    if (alarm === 'first use') return { kind: 'first contact', domain, fingerprint };
    if (isAboutAnotherKey(alarm) && isAnother) return { kind: 'foreign key', domain, fingerprint, expected };
    return { kind: 'key', domain, row, alarm, ...(alarm === 'key followed' ? { by: ledBy(pin, next) } : {}) };
  });
}
