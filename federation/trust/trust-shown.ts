/** What an admin is shown of a domain out of what is kept of it. docs/operating.md#other-domains */
import type { DomainShown } from '../admin-questions.ts';
import { countersignaturesIn, lastingUntil, wordOn } from './countersignatures-kept.ts';
import type { Records } from '../records.ts';
import { lostIn, trustIn } from './trust-record.ts';

/** All but what only this life of the server knows; `unixMs`: now; `own`: our own present key; `given`: the fingerprint that the admin gave. */
export function shownOf(
  domain: string,
  records: Records,
  unixMs: number,
  { own, given: ofAdmin }: { readonly own: string; readonly given: string | null },
): Omit<DomainShown, 'rule' | 'isLinked' | 'isUnreached' | 'isUnsettled' | 'refused'> {
  const { pin, confirmed, standing, trialUntilMs, provedMs, silentSinceMs } = trustIn(records, unixMs);
  const { given, held } = countersignaturesIn(records);
  const [byUs, byThem] = [wordOn(given, pin?.fingerprint, own), wordOn([held], own, pin?.fingerprint)];
  return {
    domain,
    standing,
    given: ofAdmin === confirmed ? null : ofAdmin,
    isLost: pin !== null && lostIn(records) === pin.fingerprint,
    fingerprint: pin?.fingerprint ?? null,
    basis: pin?.basis ?? null,
    sinceMs: pin?.sinceMs ?? null,
    trialUntilMs,
    provedMs,
    silentSinceMs,
    countersigned: { byUsUntilMs: lastingUntil(byUs, unixMs), byThemUntilMs: lastingUntil(byThem, unixMs) },
  };
}
