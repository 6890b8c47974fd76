/** How long an answer may take before it is asked again: learnt of those that came, as in RFC 6298. docs/spec/round-trips.md#timeouts */
import { tripLimits } from './trip-limits.ts';

const { firstTimeoutMs, timeoutMsMin, timeoutMsMax, clockMs } = tripLimits;

/** What is known of the time between a request and its answer. */
export class Delays {
  /** SRTT and RTTVAR of the RFC; null before the first answer. */
  #known: { readonly meanMs: number; readonly spreadMs: number } | null = null;

  /** An answer came on the ticket of a request that was sent so long ago. Each request has a ticket of its own, so none is taken for another's (Karn and Partridge, 1987). */
  took(ms: number): void {
    if (this.#known === null) this.#known = { meanMs: ms, spreadMs: ms / 2 };
    else {
      const { meanMs, spreadMs } = this.#known;
      this.#known = { spreadMs: (3 * spreadMs + Math.abs(meanMs - ms)) / 4, meanMs: (7 * meanMs + ms) / 8 };
    }
  }

  /** After how many milliseconds the attempt with this number, 1 the first, is given up for lost: twice as long each time. */
  timeoutMs(attempt: number): number {
    const { meanMs, spreadMs } = this.#known ?? { meanMs: firstTimeoutMs, spreadMs: 0 };
    const once = this.#known === null ? meanMs : Math.max(timeoutMsMin, meanMs + Math.max(clockMs, 4 * spreadMs));
    return Math.min(timeoutMsMax, once * 2 ** (attempt - 1));
  }
}
