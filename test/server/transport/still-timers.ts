/** A clock that stands still, so that nothing waits for a real one. */
import type { Timers } from '../../../server/transport/timers.ts';

/** Time that passes when it is told to. */
export class StillTimers implements Timers {
  readonly #alarms = new Set<{ atMs: number; wake: () => void }>();
  /** Every delay that was asked for. */
  readonly delays: number[] = [];
  #nowMs = 0;

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, wake: () => void): () => void {
    const alarm = { atMs: this.#nowMs + delayMs, wake };
    this.delays.push(delayMs);
    this.#alarms.add(alarm);
    return () => this.#alarms.delete(alarm);
  }

  get waiting(): number {
    return this.#alarms.size;
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const alarm of [...this.#alarms]) {
      if (alarm.atMs > this.#nowMs || !this.#alarms.delete(alarm)) continue;
      alarm.wake();
    }
  }
}
