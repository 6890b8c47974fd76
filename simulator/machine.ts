/** What the kernel runs: a node's machine, as data in and data out. docs/simulator.md#machines */
import type { NodeEvent as FederationEvent, RotationTold } from '../federation/events.ts';
import type { StoreOutcome, StoreRequest } from '../store/store.ts';

/** What a node is told by its shell. Circuits are named by whoever opened them: the node its own, the shell accepted ones. */
export type NodeEvent =
  /** The process has started, with nothing but its store. */
  | { readonly kind: 'started' }
  /** `stream` names the stream at both of its ends, and no other. */
  | {
      readonly kind: 'opened';
      readonly circuit: string;
      readonly peer: string;
      readonly stream: string;
      readonly accepted: boolean;
    }
  | { readonly kind: 'bytes'; readonly circuit: string; readonly bytes: Uint8Array }
  | { readonly kind: 'drained'; readonly circuit: string; readonly bytes: number }
  | { readonly kind: 'ended'; readonly circuit: string }
  | { readonly kind: 'failed'; readonly circuit: string }
  | { readonly kind: 'datagram'; readonly from: string; readonly bytes: Uint8Array }
  | { readonly kind: 'timer'; readonly name: string }
  | { readonly kind: 'stored'; readonly outcome: StoreOutcome }
  /** A local person's client hands over a packet; or begins to read a log from where it stopped. */
  | { readonly kind: 'said'; readonly packet: Uint8Array }
  | { readonly kind: 'attached'; readonly context: string; readonly after: number }
  /** The admin of a node of a federation asks something, or its key is to have a successor. */
  | Extract<FederationEvent, { readonly kind: 'asked' }>
  | { readonly kind: 'announced'; readonly announced: { readonly [K in keyof RotationTold]: RotationTold[K] } };

/** What a node has its shell do. */
export type NodeEffect =
  | { readonly kind: 'connect'; readonly circuit: string; readonly to: string }
  | { readonly kind: 'write'; readonly circuit: string; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly circuit: string }
  | { readonly kind: 'datagram'; readonly to: string; readonly bytes: Uint8Array }
  /** Give the event `timer` of this name after so long; a new one of the same name replaces the old. */
  | { readonly kind: 'timer'; readonly name: string; readonly delayMs: number }
  /** Give it no more. */
  | { readonly kind: 'cancel'; readonly name: string }
  | { readonly kind: 'store'; readonly request: StoreRequest }
  /** A packet for a local person's client. */
  | { readonly kind: 'reply'; readonly to: string; readonly packet: Uint8Array }
  /** A row for the log's reader. */
  | { readonly kind: 'deliver'; readonly context: string; readonly sequence: number; readonly packet: Uint8Array };

/** One life of a node, from start to crash; the store is what it has in common with the next. */
export interface Machine {
  /** Takes one event and gives the effects, in order. `nowMs` never goes back. Must not throw. */
  step(event: NodeEvent, nowMs: number): readonly NodeEffect[];
  /** Lengths of the machine's queues, by name: what a status page would show. */
  queues(): readonly (readonly [name: string, length: number])[];
}

/** Starts a life; `life` counts them from 1. */
export type Boot = (life: number) => Machine;
