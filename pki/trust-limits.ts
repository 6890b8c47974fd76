/** How long and how many: the constants of continuity, and how they shrink for trials. docs/spec/trust.md#trust-limits */

/** Milliseconds and counts; the table in docs/spec/trust.md#trust-limits holds the same numbers. */
export const trustLimits = {
  /** A successor without corroboration waits so long for a veto; first use is on trial as long: 72 hours. */
  graceMs: 259_200_000,
  /** A successor without the old key's word waits so long: 7 days. */
  holdMs: 604_800_000,
  /** A key that has a successor still counts so long at most: 30 days. */
  overlapMs: 2_592_000_000,
  /** How far ahead another's clock may be. */
  skewMs: 300_000,
  /** The DNS may say nothing so long before the admin is told: 7 days. */
  missingMs: 604_800_000,
  /** Certificates of a home that is silent are honoured so long at most: 400 days. */
  silentMsMax: 34_560_000_000,
  /** A key that has ended goes on for so long, since its renewal may be on its way: 24 hours. */
  endedMs: 86_400_000,
  /** First use is looked at again after so long, … */
  recheckSoonMs: 3_600_000,
  /** … after so long, and when its trial ends. */
  recheckLaterMs: 86_400_000,
  /** A domain that is asked what it sees must itself be pinned so long: 30 days. */
  witnessPinnedMs: 2_592_000_000,
  /** … and have seen it within so long: 24 hours. */
  witnessSeenMs: 86_400_000,
  /** So many independent witnesses at least, … */
  witnessesMin: 3,
  /** … of which so many … */
  agreeingParts: 2,
  /** … in so many agree. */
  agreeingOf: 3,
  /** Keys that had a successor, of one domain; the oldest is forgotten. */
  retiredMax: 16,
  /** Statements that are followed one after the other at most, from a key that was missed for long to the present one. */
  stepsMax: 8,
  /** Keys that a domain leaves by their word alone, while its recovery key is silent; so many at most … */
  leftMax: 32,
  /** … in so long: 400 days. */
  leftMs: 34_560_000_000,
} as const;

/** The constants of one server. */
export type TrustLimits = { readonly [K in keyof typeof trustLimits]: number };

/** The same with all times divided, down to a millisecond at least. For trials of domains that nobody can reach from elsewhere. */
export function scaledTrust(limits: TrustLimits, timeScale: number): TrustLimits {
  const scaled = Object.entries(limits).map(([name, value]) => {
    return [name, /Ms(?:Max)?$/.test(name) ? Math.max(1, Math.round(value / timeScale)) : value];
  });
  return Object.fromEntries(scaled) as TrustLimits;
}
