/** A hostile peer: it holds a proved circuit, and speaks for others on it. docs/simulator.md#federation */
import { type Circuit, type CircuitEvent, newCircuit, stepCircuit } from '../../circuit/circuit.ts';
import type { CircuitLimits } from '../../circuit/limits.ts';
import { render } from '../../psyc/render.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import type { Observer } from '../observation.ts';

/** Routing variables of one forged packet; its tag is added. */
export type Forgery = Readonly<Record<string, string>>;

const forgeMs = 2_000;

/** Tries one forgery after the other, each on a new circuit if the last was closed. */
export class Forger implements Machine {
  readonly #server: string;
  readonly #forgeries: readonly Forgery[];
  readonly #limits: CircuitLimits;
  readonly #observe: Observer;
  readonly #host: string;
  #effects: NodeEffect[] = [];
  #circuit: { readonly name: string; readonly state: Circuit; isReady: boolean } | null = null;
  #dialled = 0;
  #forged = 0;

  constructor(host: string, server: string, forgeries: readonly Forgery[], limits: CircuitLimits, observe: Observer) {
    this.#host = host;
    this.#server = server;
    this.#forgeries = forgeries;
    this.#limits = limits;
    this.#observe = observe;
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.#effects = [];
    if (event.kind === 'started' || (event.kind === 'timer' && event.name === 'forge')) {
      this.#effects.push({ kind: 'timer', name: 'forge', delayMs: forgeMs });
      if (this.#circuit === null) this.#dial(nowMs);
      else if (this.#circuit.isReady) this.#forge(nowMs);
    } else if (event.kind === 'timer') this.#tell({ kind: 'timer' }, nowMs);
    else if ('circuit' in event && event.circuit === this.#circuit?.name) this.#tell(event, nowMs);
    return this.#effects;
  }

  queues(): (readonly [string, number])[] {
    return [];
  }

  #dial(nowMs: number): void {
    const name = `out ${++this.#dialled}`;
    this.#circuit = { name, state: newCircuit(false, this.#limits), isReady: false };
    this.#effects.push({ kind: 'connect', circuit: name, to: this.#server });
    this.#tell({ kind: 'dialled' }, nowMs);
  }

  #forge(nowMs: number): void {
    const forgery = this.#forgeries[this.#forged % this.#forgeries.length]!;
    const tag = `forged-${this.#host}-${++this.#forged}`;
    this.#observe({ kind: 'forged', key: tag });
    const bytes = render({ routing: { ...forgery, _tag: tag }, method: '_message_public', data: 'not my words' });
    this.#tell({ kind: 'send', bytes }, nowMs);
  }

  #tell(event: CircuitEvent, nowMs: number): void {
    const circuit = this.#circuit;
    if (circuit === null) return;
    for (const effect of stepCircuit(circuit.state, event, nowMs)) {
      if (effect.kind === 'write') this.#effects.push({ kind: 'write', circuit: circuit.name, bytes: effect.bytes });
      else if (effect.kind === 'close') this.#effects.push({ kind: 'close', circuit: circuit.name });
      else if (effect.kind === 'ready') circuit.isReady = true;
      else if (effect.kind === 'closed') this.#circuit = null;
      else if (effect.kind === 'timer') {
        this.#effects.push({ kind: 'timer', name: `circuit ${circuit.name}`, delayMs: effect.delayMs });
      }
    }
  }
}
