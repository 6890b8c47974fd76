/** One end of a circuit: a byte stream to a peer becomes packets, and packets bytes. docs/spec/federation.md#circuit */
import { type DecodeRange, decodeRange, PIPE } from '../psyc/bytes.ts';
import { PsycError } from '../psyc/error.ts';
import type { ParserLimits } from '../psyc/limits.ts';
import type { Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';
import { checkRouting, type Delivery } from '../psyc/routing.ts';
import { RoutingMemory } from '../psyc/routing-memory.ts';
import { type CircuitCode, errorPacket, GREETING, obsoleteAnswer } from './errors.ts';
import { type CircuitLimits, circuitLimits } from './limits.ts';

const DOT = 0x2e;

/** What a circuit is told. Bytes are looked at during the step only. */
export type CircuitEvent =
  /** Its owner has asked for a stream to the peer. */
  | { readonly kind: 'dialled' }
  /** The stream under it stands. */
  | { readonly kind: 'opened' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The transport has taken so many of the bytes written. */
  | { readonly kind: 'drained'; readonly bytes: number }
  /** The peer closed in order; or the stream broke. */
  | { readonly kind: 'ended' }
  | { readonly kind: 'failed' }
  /** The time asked for by `timer` has come. */
  | { readonly kind: 'timer' }
  /** Its owner has a packet for the peer, ready rendered, without `=` in its routing header; the same bytes on any circuit. */
  | { readonly kind: 'send'; readonly bytes: Uint8Array };

/** What a circuit does. */
export type CircuitEffect =
  | { readonly kind: 'write'; readonly bytes: Uint8Array }
  /** Close the stream, once what was written is through. */
  | { readonly kind: 'close' }
  /** Give the event `timer` after so long; a new one replaces the old. */
  | { readonly kind: 'timer'; readonly delayMs: number }
  /** From now on packets may be sent. */
  | { readonly kind: 'ready' }
  /**
   * A packet with its routing variables, persistent ones included. The packet is a view of the transport's buffer and
   * valid until the step's effects have been performed.
   */
  | {
      readonly kind: 'packet';
      readonly packet: Packet;
      readonly routing: ReadonlyMap<string, string>;
      readonly delivery: Delivery;
    }
  /** A packet given to `send` was not sent, nor will be those after it before `writable` (full) or `ready` (not yet there). */
  | { readonly kind: 'refused' }
  /** There is room again after a refusal. */
  | { readonly kind: 'writable' }
  /** The circuit is over; nothing follows. */
  | { readonly kind: 'closed'; readonly code: CircuitCode };

/** A circuit's state; only `stepCircuit` changes it. */
export interface Circuit {
  readonly accepted: boolean;
  readonly limits: CircuitLimits;
  phase: 'opening' | 'greeting' | 'ready' | 'closed';
  readonly parser: Parser;
  /** Persistent routing variables of the peer's direction; they die with the circuit. */
  readonly routing: RoutingMemory;
  /** Bytes of the whole packets that came: where the next one begins in the peer's stream. */
  readBytes: number;
  /** Whether our greeting is written, and whether the peer's first byte was seen. */
  greeted: boolean;
  heardFirst: boolean;
  unsentBytes: number;
  /** Whether a packet found no room; until there is some, none overtakes it. */
  full: boolean;
  /** When it was dialled, then when it opened. */
  openedAtMs: number;
  /** When the last whole packet came, and when anything was last written. */
  heardAtMs: number;
  wroteAtMs: number;
}

/** A circuit on a stream that is about to open; `accepted`: the peer opened it. `parserLimits`: until the peer is proved. */
export function newCircuit(
  accepted: boolean,
  limits: CircuitLimits = circuitLimits,
  decode: DecodeRange = decodeRange,
  parserLimits: Partial<ParserLimits> = {},
): Circuit {
  return {
    accepted,
    limits,
    phase: 'opening',
    parser: new Parser(parserLimits, decode),
    routing: new RoutingMemory(),
    readBytes: 0,
    greeted: false,
    heardFirst: false,
    unsentBytes: 0,
    full: false,
    openedAtMs: 0,
    heardAtMs: 0,
    wroteAtMs: 0,
  };
}

/** Changes the circuit and gives the effects, in order. Never throws, whatever the bytes. `nowMs` never goes back. */
export function stepCircuit(circuit: Circuit, event: CircuitEvent, nowMs: number): CircuitEffect[] {
  const effects: CircuitEffect[] = [];
  if (circuit.phase === 'closed') {
    if (event.kind === 'send') effects.push({ kind: 'refused' });
    return effects;
  }
  switch (event.kind) {
    case 'dialled':
      circuit.openedAtMs = nowMs;
      watch(circuit, nowMs, effects);
      break;
    case 'opened':
      open(circuit, nowMs, effects);
      break;
    case 'bytes':
      takeBytes(circuit, event.bytes, nowMs, effects);
      break;
    case 'drained':
      circuit.unsentBytes -= event.bytes;
      if (!circuit.full || 2 * circuit.unsentBytes > circuit.limits.unsentBytesMax) break;
      circuit.full = false;
      effects.push({ kind: 'writable' });
      break;
    case 'ended':
      end(circuit, effects);
      break;
    case 'failed':
      circuit.phase = 'closed';
      effects.push({ kind: 'closed', code: '_circuit_lost' });
      break;
    case 'timer':
      watch(circuit, nowMs, effects);
      break;
    case 'send':
      send(circuit, event.bytes, nowMs, effects);
      break;
  }
  return effects;
}

function open(circuit: Circuit, nowMs: number, effects: CircuitEffect[]): void {
  circuit.openedAtMs = circuit.heardAtMs = circuit.wroteAtMs = nowMs;
  circuit.phase = 'greeting';
  if (!circuit.accepted) {
    // Without waiting for an answer: psyced gives none. Proofs are its owner's next business.
    greet(circuit, nowMs, effects);
    circuit.phase = 'ready';
    effects.push({ kind: 'ready' });
  }
  watch(circuit, nowMs, effects);
}

function takeBytes(circuit: Circuit, bytes: Uint8Array, nowMs: number, effects: CircuitEffect[]): void {
  if (bytes.length === 0) return;
  const isFirst = !circuit.heardFirst;
  circuit.heardFirst = true;
  // Who accepts is told the protocol by the first byte. To who dials nobody need greet: psyced begins with a packet.
  if (isFirst && circuit.accepted) {
    if (bytes[0] === DOT) {
      write(circuit, obsoleteAnswer(), nowMs, effects);
      shut(circuit, '_obsolete_syntax', effects);
      return;
    }
    greet(circuit, nowMs, effects);
    if (bytes[0] !== PIPE) {
      giveUp(circuit, '_circuit_invalid_greeting', 0, nowMs, effects);
      return;
    }
  }
  try {
    circuit.parser.feed(bytes);
    for (let packet = circuit.parser.next(); packet !== null; packet = circuit.parser.next()) {
      circuit.heardAtMs = nowMs;
      if (circuit.phase === 'greeting') {
        circuit.phase = 'ready';
        effects.push({ kind: 'ready' });
        // The timer that was set for the greeting would let the first keep-alive come late.
        watch(circuit, nowMs, effects);
      }
      const at = circuit.readBytes;
      circuit.readBytes += packet.length;
      // Empty packets greet and keep alive; nothing is to be done for them.
      if (packet.length === GREETING.length) continue;
      let delivery: Delivery;
      let routing: ReadonlyMap<string, string>;
      try {
        const held = circuit.routing.take(packet);
        routing = held;
        delivery = checkRouting(packet, (name) => held.get(name));
      } catch (error) {
        if (!(error instanceof PsycError)) throw error;
        giveUp(circuit, error.code, at + error.offset, nowMs, effects);
        return;
      }
      effects.push({ kind: 'packet', packet, routing, delivery });
    }
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    giveUp(circuit, error.code, error.offset, nowMs, effects);
  }
}

function end(circuit: Circuit, effects: CircuitEffect[]): void {
  let code: CircuitCode = '_circuit_ended';
  try {
    circuit.parser.end();
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    code = error.code;
  }
  // The peer hears no more, so that there is nobody to tell the code.
  shut(circuit, code, effects);
}

/** Looks at all deadlines, and asks to be woken for the next. */
function watch(circuit: Circuit, nowMs: number, effects: CircuitEffect[]): void {
  const { openingMsMax, greetingMsMax, idleMsMax, keepAliveMs } = circuit.limits;
  if (circuit.phase === 'opening') {
    const delayMs = circuit.openedAtMs + openingMsMax - nowMs;
    if (delayMs > 0) effects.push({ kind: 'timer', delayMs });
    else shut(circuit, '_circuit_timeout_opening', effects);
    return;
  }
  let nextMs = Number.MAX_SAFE_INTEGER;
  if (circuit.phase === 'greeting') {
    nextMs = circuit.openedAtMs + greetingMsMax;
    if (nowMs >= nextMs) {
      giveUp(circuit, '_circuit_timeout_greeting', 0, nowMs, effects);
      return;
    }
  }
  const idleAtMs = circuit.heardAtMs + idleMsMax;
  if (nowMs >= idleAtMs) {
    giveUp(circuit, '_circuit_timeout_idle', 0, nowMs, effects);
    return;
  }
  if (circuit.phase === 'ready' && nowMs >= circuit.wroteAtMs + keepAliveMs) {
    // Unsent bytes will show that we live when they arrive; a greeting behind them would add nothing.
    if (circuit.unsentBytes === 0) write(circuit, GREETING, nowMs, effects);
    else circuit.wroteAtMs = nowMs;
  }
  const keepAliveAtMs = circuit.phase === 'ready' ? circuit.wroteAtMs + keepAliveMs : nextMs;
  effects.push({ kind: 'timer', delayMs: Math.min(nextMs, idleAtMs, keepAliveAtMs) - nowMs });
}

/**
 * The same as the event `send`, for a packet that goes to many circuits: true when it is to be written, and there is nothing
 * else to do; false when nothing was done, and the event has to be given.
 */
export function sendAlike(circuit: Circuit, bytes: Uint8Array, nowMs: number): boolean {
  if (circuit.phase !== 'ready' || circuit.full) return false;
  const unsentBytes = circuit.unsentBytes + bytes.length;
  if (unsentBytes > circuit.limits.unsentBytesMax) return false;
  circuit.unsentBytes = unsentBytes;
  circuit.wroteAtMs = nowMs;
  return true;
}

/** The same as the event `drained`: true when there is nothing else to do; false when nothing was done, and the event has to be given. */
export function drainAlike(circuit: Circuit, bytes: number): boolean {
  if (circuit.full || circuit.phase === 'closed') return false;
  circuit.unsentBytes -= bytes;
  return true;
}

function send(circuit: Circuit, bytes: Uint8Array, nowMs: number, effects: CircuitEffect[]): void {
  const isReady = circuit.phase === 'ready';
  if (isReady && circuit.unsentBytes + bytes.length > circuit.limits.unsentBytesMax) circuit.full = true;
  if (!isReady || circuit.full) effects.push({ kind: 'refused' });
  else write(circuit, bytes, nowMs, effects);
}

function greet(circuit: Circuit, nowMs: number, effects: CircuitEffect[]): void {
  if (circuit.greeted) return;
  circuit.greeted = true;
  write(circuit, GREETING, nowMs, effects);
}

/** One error packet with the code, then the end: after a mistake in the bytes nothing that follows can be trusted. */
function giveUp(circuit: Circuit, code: CircuitCode, offset: number, nowMs: number, effects: CircuitEffect[]): void {
  greet(circuit, nowMs, effects);
  write(circuit, errorPacket(code, offset), nowMs, effects);
  shut(circuit, code, effects);
}

function shut(circuit: Circuit, code: CircuitCode, effects: CircuitEffect[]): void {
  circuit.phase = 'closed';
  effects.push({ kind: 'close' }, { kind: 'closed', code });
}

function write(circuit: Circuit, bytes: Uint8Array, nowMs: number, effects: CircuitEffect[]): void {
  circuit.unsentBytes += bytes.length;
  circuit.wroteAtMs = nowMs;
  effects.push({ kind: 'write', bytes });
}
