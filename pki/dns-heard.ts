/** What of the DNS counts: an older number and contradictions are as good as silence. docs/spec/trust.md#table */
import type { Alarm, DnsFinding, DomainTrust, TrustInputs } from './trust-state.ts';

/** The DNS as rows 3 and 4 leave it. */
export interface DnsHeard {
  /** The record that counts; null: none does. */
  readonly record: (DnsFinding & { readonly kind: 'record' }) | null;
  readonly isSilent: boolean;
  /** There is a record, and a validator vouched for it. */
  readonly isSecure: boolean;
  readonly alarms: readonly Alarm[];
  /** The record says that the key is the domain's. */
  names(fingerprint: string): boolean;
  /** The record says that the key is to be the domain's. */
  announces(fingerprint: string): boolean;
}

const alarmOf = { ambiguous: 'dns ambiguous', bogus: 'dns bogus', differing: 'dns differing' } as const;

/** What counts of `inputs.dns`. */
export function dnsHeard(state: DomainTrust, { dns }: Pick<TrustInputs, 'dns'>): DnsHeard {
  const isOld = dns.kind === 'record' && dns.seq < state.seq;
  const record = dns.kind === 'record' && !isOld ? dns : null;
  const contradiction = dns.kind === 'record' || dns.kind === 'none' || dns.kind === 'timeout' ? null : dns.kind;
  return {
    record,
    isSilent: record === null,
    isSecure: record?.secure === true,
    alarms: isOld ? ['rolled back'] : contradiction === null ? [] : [alarmOf[contradiction]],
    names: (fingerprint) => record?.fpr === fingerprint,
    announces: (fingerprint) => record?.nfpr === fingerprint,
  };
}
