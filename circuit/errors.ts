/** How a circuit ends: the codes, and the packet that tells the peer. docs/spec/federation.md#circuit-errors */
import type { PsycCode } from '../psyc/error.ts';
import { render } from '../psyc/render.ts';

/** Why a circuit is over: a code of the packet layer, or one of its own. */
export type CircuitCode =
  | PsycCode
  /** The stream broke; or the peer closed it in order, between two packets. */
  | '_circuit_lost'
  | '_circuit_ended'
  /** The peer's first byte was not `|`. */
  | '_circuit_invalid_greeting'
  /** The stream did not come to stand in time. */
  | '_circuit_timeout_opening'
  /** The peer did not greet in time, or sent no whole packet for too long. */
  | '_circuit_timeout_greeting'
  | '_circuit_timeout_idle';

/** The empty packet: greeting and keep-alive. */
export const GREETING: Uint8Array = new Uint8Array([0x7c, 0x0a]);

/**
 * The last packet of a circuit that we close: method `_error` and the code, `_offset` the byte of the peer's stream. It has
 * no routing variables, being from the circuit and from no entity; we assign none, so that there is none to unset.
 */
export function errorPacket(code: CircuitCode, offset: number): Uint8Array {
  return render({
    entity: { _code: code, _offset: String(offset) },
    method: `_error${code}`,
    data: 'This circuit is closed: [_code] at byte [_offset].',
  });
}

/** The same for a peer that speaks PSYC 0.9, in a syntax it can read. */
export function obsoleteAnswer(): Uint8Array {
  return new TextEncoder().encode('.\n\n_error_obsolete_syntax\nThis server speaks PSYC 1.0 only.\n.\n');
}
