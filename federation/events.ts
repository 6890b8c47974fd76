/** A node from outside: what it is told, what it has done for it, and what it is told of itself. docs/spec/federation.md#node */
import type { CircuitLimits, DeliveryLimits } from '../circuit/limits.ts';
import type { StoreOutcome, StoreRequest } from '../store/store.ts';
import type { Authority, Judge } from './authority.ts';
import type { FederationLimits } from './limits.ts';

/** What a node is told. It names the circuits it opens, its shell those it accepts. */
export type NodeEvent =
  | { readonly kind: 'started' }
  /** The stream stands; `peer` is whatever the shell knows of the other end, for `authorityOf`. */
  | { readonly kind: 'opened'; readonly circuit: string; readonly peer: string; readonly accepted: boolean }
  | { readonly kind: 'bytes'; readonly circuit: string; readonly bytes: Uint8Array }
  | { readonly kind: 'drained'; readonly circuit: string; readonly bytes: number }
  | { readonly kind: 'ended'; readonly circuit: string }
  | { readonly kind: 'failed'; readonly circuit: string }
  | { readonly kind: 'timer'; readonly name: string }
  | { readonly kind: 'stored'; readonly outcome: StoreOutcome };

/** What it has done for it. */
export type NodeEffect =
  /** Open a stream to a domain. */
  | { readonly kind: 'connect'; readonly circuit: string; readonly to: string }
  | { readonly kind: 'write'; readonly circuit: string; readonly bytes: Uint8Array }
  | { readonly kind: 'close'; readonly circuit: string }
  /** Give the event `timer` of this name after so long; a new one of the same name replaces the old. */
  | { readonly kind: 'timer'; readonly name: string; readonly delayMs: number }
  | { readonly kind: 'store'; readonly request: StoreRequest };

/** What a node is told of itself before it starts. */
export interface NodeOptions {
  readonly domain: string;
  /** Tells names of circuits of different lives apart. */
  readonly life: number;
  /** Whether somebody of this nick lives here. */
  isPerson(nick: string): boolean;
  /** What the other end has proved; null: nothing, and the circuit is closed. */
  authorityOf(peer: string): Authority | null;
  readonly mayCome: Judge;
  /** BLAKE2b-256. */
  hash(bytes: Uint8Array): Uint8Array;
  readonly circuitLimits: CircuitLimits;
  readonly deliveryLimits: DeliveryLimits;
  readonly federationLimits: FederationLimits;
}
