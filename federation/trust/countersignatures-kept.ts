/** What is kept of countersignatures between this domain and another: of which keys, and until when. docs/spec/trust.md#countersignatures */
import { decodeText, encodeText } from '../../psyc/bytes.ts';
import type { Records } from '../records.ts';

/** A key that is countersigned until then, Unix milliseconds; 0: it is taken back. Fingerprints in lower-case hex digits. */
export interface Countersigned {
  readonly fingerprint: string;
  /** The key whose word it is: whoever has another one by now has said nothing. Absent in what earlier versions kept: no key's, so that it is made anew. */
  readonly by?: string;
  readonly untilMs: number;
}

/** Both directions. */
export interface Countersignatures {
  /** Keys of the other domain, by us; the newest last. */
  readonly given: readonly Countersigned[];
  /** A key of ours, by the other; null: none was. */
  readonly held: Countersigned | null;
}

const none: Countersignatures = { given: [], held: null };

/** As they are kept. */
export function countersignaturesIn(records: Records): Countersignatures {
  const kept = records.get('countersignatures');
  return kept === undefined ? none : { ...none, ...(JSON.parse(decodeText(kept)) as Countersignatures) };
}

/** Their bytes. */
export const countersignatureBytes = (kept: Countersignatures): Uint8Array => encodeText(JSON.stringify(kept));

/** With another word on one of their keys; `max`: so many are remembered. */
export const withGiven = (kept: Countersignatures, given: Countersigned, max: number): Countersignatures => ({
  ...kept,
  given: [...kept.given.filter(({ fingerprint }) => fingerprint !== given.fingerprint), given].slice(-max),
});

/** What the key `by` says of that one; null: nothing, whatever other keys of its domain have said. */
export const wordOn = (
  kept: readonly (Countersigned | null)[],
  fingerprint: string | undefined,
  by: string | undefined,
): Countersigned | null =>
  kept.find((one) => one !== null && one.fingerprint === fingerprint && one.by !== undefined && one.by === by) ?? null;

/** Until when it lasts, if it does at this time, Unix milliseconds; else null. */
export const lastingUntil = (one: Countersigned | null | undefined, unixMs: number): number | null =>
  one !== null && one !== undefined && one.untilMs > unixMs ? one.untilMs : null;
