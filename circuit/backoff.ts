/** How long to wait before trying again: twice as long each time, up to a most. docs/spec/federation.md#again */

/** The delay before try number `failures` + 1, in milliseconds; `failures` counts from 0. */
export function backoffMs(failures: number, msMin: number, msMax: number): number {
  // Above 2^30 doublings everything is at the most anyway, and the shift would wrap.
  return failures > 30 ? msMax : Math.min(msMax, msMin * 2 ** failures);
}
