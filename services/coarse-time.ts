/** Hours and days, which are all that services keep of when something was: nobody need know it better. docs/spec/pigeonhole.md#work */

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Whole hours since 1970 (UTC). */
export const hourOf = (unixMs: number): number => Math.floor(unixMs / HOUR_MS);

/** Whole days since 1970 (UTC). */
export const dayOf = (unixMs: number): number => Math.floor(unixMs / DAY_MS);
