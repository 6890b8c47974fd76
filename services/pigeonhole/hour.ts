/** Hours, which messages and proofs of work are dated by: nobody need know it better. docs/spec/pigeonhole.md#work */

const HOUR_MS = 3_600_000;

/** Whole hours since 1970 (UTC). */
export const hourOf = (unixMs: number): number => Math.floor(unixMs / HOUR_MS);
