/** What a fixture of a node may be told, and how somebody comes in. */
import type { NodeOptions } from '../../federation/events.ts';
import type { IdealKeys } from '../../simulator/ideal.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { CircuitEnd, Party } from '../../simulator/scenes/circuit-end.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';

/** What a fixture may be told beside limits. */
export interface Settings {
  readonly store?: { perform(request: StoreRequest): StoreOutcome };
  /** Of the node; a.example, unless told. */
  readonly domain?: string;
  readonly life?: number;
  readonly keys?: IdealKeys;
  readonly options?: Partial<NodeOptions>;
  /** Of a listener: without clocks, so that time passes quickly. */
  readonly isUnsafe?: boolean;
}

/** How somebody comes in, where it is not as usual. */
export interface Coming {
  /** What the circuit is called; the peer, unless told. */
  readonly name?: string;
  readonly party?: Partial<Party>;
  /** Where it is. */
  readonly address?: string;
  /** A server whose key the node has never seen; else it has met him. */
  readonly isUnmet?: boolean;
}

/** A packet that came out of the node behind the proofs, as text and variables. */
export interface Heard {
  readonly routing: Record<string, string>;
  readonly method: string | null;
  readonly data: string;
  readonly packet: Packet;
}

/** A circuit to it, from outside. */
export interface Line {
  /** null: bytes only, and everything is heard. */
  readonly end: CircuitEnd | null;
  readonly heard: Heard[];
  read(bytes: Uint8Array): void;
}
