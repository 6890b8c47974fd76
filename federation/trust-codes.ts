/** What a domain hears that is not let in, and what its admin-to-be hears of it, row by row. docs/spec/trust.md#table */
import type { Alarm, TrustDecision, TrustRow } from '../pki/trust-state.ts';
import type { FederationCode } from './error.ts';

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
export const isAboutAnotherKey = (alarm: Alarm): boolean =>
  alarm === 'impostor' || alarm === 'takeover' || alarm === 'rolled back';
