/** Time as the transport sees it, so that tests can have their own. docs/spec/transport.md#streams */

/** A clock and alarms. */
export interface Timers {
  /** Milliseconds from any beginning; never goes back. */
  nowMs(): number;
  /** Calls `wake` once after so long, unless the function it gives is called first. */
  after(delayMs: number, wake: () => void): () => void;
}

/** The process's own. */
export const systemTimers: Timers = {
  nowMs: () => performance.now(),
  after(delayMs, wake) {
    const timer = setTimeout(wake, delayMs);
    return () => clearTimeout(timer);
  },
};
