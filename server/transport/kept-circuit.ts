/** A circuit that is dialled again whenever it is lost, later each time until the peer speaks. docs/spec/transport.md#dialling */
import { backoffMs } from '../../circuit/backoff.ts';
import { dial, type DialOptions } from './dial.ts';
import { transportLimits } from './limits.ts';
import type { CircuitOwner, CircuitRunner } from './runner.ts';

/** Keeps a circuit to one domain from `start` until `stop`. Its owner hears of each, one after the other. */
export class KeptCircuit {
  readonly #options: DialOptions;
  readonly #owner: CircuitOwner;
  #runner: CircuitRunner | null = null;
  #cancelPause: (() => void) | null = null;
  #isWanted = false;
  #failures = 0;

  constructor(options: DialOptions) {
    const { owner } = options;
    this.#owner = {
      opened: (circuit, channel) => owner.opened?.(circuit, channel),
      ready: (circuit) => owner.ready(circuit),
      packet: (circuit, packet, routing) => owner.packet(circuit, packet, routing),
      refused: (circuit) => owner.refused(circuit),
      writable: (circuit) => owner.writable?.(circuit),
      closed: (circuit, code) => {
        this.#lost(circuit);
        owner.closed(circuit, code);
      },
    };
    this.#options = { ...options, owner: this.#owner };
  }

  /** The circuit there is at the moment, at any stage; null in between. */
  get current(): CircuitRunner | null {
    return this.#runner;
  }

  /** Dials now, if nothing is under way. */
  start(): void {
    this.#isWanted = true;
    if (this.#runner === null) this.#dial();
  }

  /** Ends the circuit in order, and dials no more. */
  stop(): void {
    this.#isWanted = false;
    this.#cancelPause?.();
    this.#cancelPause = null;
    this.#runner?.close();
  }

  #dial(): void {
    this.#cancelPause?.();
    this.#cancelPause = null;
    this.#runner = dial(this.#options);
  }

  #lost(circuit: CircuitRunner): void {
    this.#runner = null;
    // Anything the peer said shows that there is one (docs/spec/federation.md#again).
    this.#failures = circuit.circuit.heardFirst ? 0 : this.#failures + 1;
    if (!this.#isWanted) return;
    const { timers, limits = transportLimits } = this.#options;
    const delayMs = backoffMs(Math.max(0, this.#failures - 1), limits.redialMsMin, limits.redialMsMax);
    this.#cancelPause = timers.after(delayMs, () => this.#dial());
  }
}
