/** One circuit of a node, with what is known of its other end. */
import type { Authority } from '../circuit/authority.ts';
import type { Exported } from '../circuit/binding.ts';
import type { Circuit } from '../circuit/circuit.ts';
import type { Proved, ServerHandshake } from '../circuit/server-handshake.ts';
import type { BorderCheck } from './border.ts';

/** Changed by `NodeCircuits` alone. */
export interface Entry {
  readonly circuit: Circuit;
  readonly accepted: boolean;
  /** Whom it was opened to. */
  readonly domain: string | null;
  exported: Exported | null;
  /** Of the machine at the other end. */
  address: string | null;
  handshake: ServerHandshake | null;
  /** Who is at the other end, once both are proved; and what that end may speak for. */
  peer: Proved | null;
  readonly authority: Authority;
  readonly check: BorderCheck;
  /** Something was not sent to a client for want of room. */
  hasMissed: boolean;
}
