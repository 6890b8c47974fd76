/** What happens on a circuit's stream, as the node's events: one small object for each of thousands that idle. */
import type { NodeEvent } from '../../federation/events.ts';
import type { StreamOwner } from '../transport/stream.ts';

/** The events of a stream that stands. */
export type StreamEvent = Extract<NodeEvent, { readonly kind: 'bytes' | 'drained' | 'ended' | 'failed' }>;

/** Owns the stream of the circuit named, and tells what happens there. */
export class Carried implements StreamOwner {
  readonly #circuit: string;
  readonly #happened: (event: StreamEvent) => void;

  constructor(circuit: string, happened: (event: StreamEvent) => void) {
    this.#circuit = circuit;
    this.#happened = happened;
  }

  bytes(bytes: Uint8Array): void {
    this.#happened({ kind: 'bytes', circuit: this.#circuit, bytes });
  }

  drained(bytes: number): void {
    this.#happened({ kind: 'drained', circuit: this.#circuit, bytes });
  }

  ended(): void {
    this.#happened({ kind: 'ended', circuit: this.#circuit });
  }

  failed(): void {
    this.#happened({ kind: 'failed', circuit: this.#circuit });
  }
}
