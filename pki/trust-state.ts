/** What a server remembers of another domain's key, what it hears of it, and what it decides, as data. docs/spec/trust.md#state */

/** Fingerprints are hexadecimal in lower case; times are Unix milliseconds. */
interface Pin {
  readonly fingerprint: string;
  /** When the domain was pinned; a rotation that the old key has signed does not change it. */
  readonly sinceMs: number;
  readonly basis: Basis;
  /** Of the offline key that may overrule this one, as it was named; null: none was. */
  readonly recovery: string | null;
}

/** Why a key was pinned. */
export type Basis = 'first use' | 'corroborated' | 'confirmed' | 'rotated' | 'emergency';

/**
 * How the domain stands.
 * - `unknown`: nothing is pinned.
 * - `quarantine`: it is spoken with; not vouched for, not asked what it sees, and its people log in nowhere but there.
 * - `normal`.
 * - `frozen`: its key has named two successors, under whatever numbers; nothing moves until a person or the recovery key decides.
 * - `void`: its key has revoked itself for cause.
 */
export type Standing = 'unknown' | 'quarantine' | 'normal' | 'frozen' | 'void';

/** A key that had a successor. */
interface Retired {
  readonly fingerprint: string;
  /** Until when what it has signed, and itself on circuits, still counts. */
  readonly untilMs: number;
}

/** Fingerprints of the retired keys that still count, in the order in which they were left. */
export const lastingRetired = ({ retired }: Pick<DomainTrust, 'retired'>, nowMs: number): string[] =>
  retired.filter(({ untilMs }) => nowMs < untilMs).map(({ fingerprint }) => fingerprint);

/** A key that the domain has left by its word alone. */
export interface LeftKey {
  readonly fingerprint: string;
  /** Hash of the statement that was followed. */
  readonly rotation: string;
  /** When this server followed it. */
  readonly atMs: number;
}

/** A time, its ends included. */
interface Span {
  readonly sinceMs: number;
  readonly untilMs: number;
}

/** What is kept of one domain. */
export interface DomainTrust {
  readonly pin: Pin | null;
  readonly standing: Standing;
  /** When the trial of first use ends; null: there is none. */
  readonly trialUntilMs: number | null;
  /** How many keys the domain has had, by its own count; falls only where the recovery key undoes what came of its key's theft. */
  readonly seq: number;
  /** Hash of the rotation that made the present key; null: none is known. */
  readonly rotation: string | null;
  readonly retired: readonly Retired[];
  /** Keys that were left by their word alone since the recovery key spoke last, the oldest first: each named the next, and the last one the pinned key. */
  readonly left: readonly LeftKey[];
  /** When another's key was taken for the domain's, as its recovery key or the admin has said since; several times as one. null: never. */
  readonly undone: Span | null;
  /** When the pinned key was proved last; null: never. */
  readonly provedMs: number | null;
  /** Since when the home is silent, where another server finds so too; null: it is not. */
  readonly silentSinceMs: number | null;
  /** A validator has vouched for a record that names the pinned key: from then on the DNS' silence is no consent. */
  readonly isVouched: boolean;
  /** Since when the DNS says nothing that can be used; null: it does. */
  readonly missingSinceMs: number | null;
  /** A successor without the old key's word, and since when it waits; null: none does. */
  readonly held: { readonly fingerprint: string; readonly sinceMs: number } | null;
  /** The last fingerprint that the admin gave and that was met; null: none was. */
  readonly confirmed: string | null;
}

/** Of a domain that was never met. */
export const unmetDomain: DomainTrust = {
  pin: null,
  standing: 'unknown',
  trialUntilMs: null,
  seq: 0,
  rotation: null,
  retired: [],
  left: [],
  undone: null,
  provedMs: null,
  silentSinceMs: null,
  isVouched: false,
  missingSinceMs: null,
  held: null,
  confirmed: null,
};

/** What the key at the other end of a circuit proved. */
export type ProofFinding =
  | { readonly kind: 'proved'; readonly fingerprint: string }
  /** A proof was missing or wrong. */
  | { readonly kind: 'bad' }
  /** Nobody is reached there; `witnesses`: other domains that find so too. */
  | { readonly kind: 'silent'; readonly witnesses: number };

/** What the DNS says: of docs/spec/dns.md#statement what the table needs. */
export type DnsFinding =
  | {
      readonly kind: 'record';
      readonly fpr: string;
      readonly nfpr: string | null;
      readonly seq: number;
      readonly secure: boolean;
    }
  | { readonly kind: 'none' | 'timeout' | 'ambiguous' | 'bogus' | 'differing' };

/** A statement that a key has a successor; both signatures were checked. */
export interface RotationHeard {
  readonly from: string;
  readonly to: string;
  readonly seq: number;
  /** Hash of the statement before; null: it is the first. */
  readonly previous: string | null;
  readonly notBeforeMs: number;
  readonly expiresMs: number;
  /** Who signed beside the new key: the old key, or an offline one with this fingerprint. */
  readonly signer: 'old key' | { readonly recovery: string };
  readonly hash: string;
  /** The recovery key that it names for the time after; null: it stays. Where one is named already only that one's word changes it. */
  readonly recovery: string | null;
  /** When this server, or those who vouch for the successor, had it first. Dates in it prove nothing. */
  readonly seenMs: number;
}

/** A key's revocation by itself. */
export interface KeyRevocation {
  readonly fingerprint: string;
  /** All but superseded and retired. */
  readonly isHard: boolean;
  readonly seenMs: number;
}

/** When others were last asked whether a key has revoked itself, and nobody had heard that it has, for cause. */
export interface KeySought {
  readonly fingerprint: string;
  readonly atMs: number;
}

/** What another domain says, signed, that it has seen. */
export interface Witness {
  readonly domain: string;
  /** Where its server is, IPv4 or IPv6. */
  readonly address: string;
  readonly standing: Standing;
  /** Since when this server has it pinned. */
  readonly pinnedMs: number;
  /** Which key it saw on a circuit of its own, and when; null: none. */
  readonly saw: { readonly fingerprint: string; readonly atMs: number } | null;
}

/** What the admin has said. */
interface AdminWord {
  /** The domain's key, as he knows it; null: he has not said. */
  readonly fingerprint: string | null;
  /** The pinned key is lost. */
  readonly isLost: boolean;
  /** Where the domain is, so that the DNS need not say so. */
  readonly isPlaced: boolean;
}

/** Everything that is heard of a domain at one moment. */
export interface TrustInputs {
  readonly proof: ProofFinding;
  readonly dns: DnsFinding;
  readonly rotations: readonly RotationHeard[];
  readonly revocations: readonly KeyRevocation[];
  readonly sought: readonly KeySought[];
  readonly witnesses: readonly Witness[];
  /** When the pinned key ends, by the newest that is known of it; null: never. */
  readonly pinEndsMs: number | null;
  /** The recovery key that the domain names where it is pinned; null: it names none. */
  readonly recovery: string | null;
  readonly admin: AdminWord;
}

/** The rows of the table. */
export type TrustRow =
  | '1'
  | '2'
  | '3'
  | '5'
  | '6'
  | '7'
  | '7a'
  | '8'
  | '9'
  | '10'
  | '10a'
  | '11'
  | '12'
  | '13'
  | '14'
  | '15'
  | '15a'
  | '16'
  | '17'
  | '18';

/** What the admin is told. */
export type Alarm =
  | 'bad proof'
  | 'revoked key'
  | 'two successors'
  | 'rolled back'
  | 'old key speaks'
  | 'dns ambiguous'
  | 'dns bogus'
  | 'dns differing'
  | 'dns silent'
  | 'dns names another key'
  | 'home silent'
  | 'key followed'
  | 'successor waits'
  | 'successor doubted'
  | 'successor held'
  | 'too many keys'
  | 'no longer frozen'
  | 'approval needed'
  | 'takeover'
  | 'impostor'
  | 'not as given'
  | 'key ended'
  | 'first use'
  | 'unvouched';

/** What is to be done beside. */
type TrustTask =
  /** Ask other domains which key they see. */
  | 'ask peers'
  /** Both statements go to all of them: whoever has them can check. */
  | 'pass on'
  /** Look for a renewal of the key, where keys are kept. */
  | 'fetch key'
  /** Look there, at once, whether keys on the way to a successor have revoked themselves: it waits for nothing else. */
  | 'ask key servers'
  /** Tell the domain itself what is seen. */
  | 'tell the domain'
  /** Tell the domain itself which successors of the key that it proved are known: somebody else may have named them. */
  | 'tell of successors';

/** What comes of it. */
export interface TrustDecision {
  readonly row: TrustRow;
  /** Of the circuit that the proof came on; `standing` in `next` says how far it goes. */
  readonly verdict: 'accept' | 'refuse';
  readonly alarms: readonly Alarm[];
  readonly tasks: readonly TrustTask[];
  /** Certifications that held at `atMs` are honoured until `untilMs`, though their time is over; null: none are. */
  readonly honoured: { readonly atMs: number; readonly untilMs: number } | null;
  /** When time alone may change something; null: never. */
  readonly lookAgainMs: number | null;
  readonly next: DomainTrust;
}
