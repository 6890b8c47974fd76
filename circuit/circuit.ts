/** One end of a circuit: a byte stream to a peer becomes packets, and packets bytes. docs/spec/federation.md#circuit */
import { PsycError } from '../psyc/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';
import { checkRouting, routingNames } from '../psyc/routing.ts';
import { RoutingCompression, RoutingMemory } from '../psyc/routing-memory.ts';
import { type CircuitCode, errorPacket, GREETING, obsoleteAnswer } from './errors.ts';
import { type CircuitLimits, circuitLimits } from './limits.ts';

const DOT = 0x2e;
const PIPE = 0x7c;

/** Bytes of a packet beside its content and variables: length line, terminator, and a line to unset each known name. */
const FRAME_BYTES_MAX = [...routingNames].reduce((bytes, name) => bytes + name.length + 3, 16);

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
  /** Its owner has a packet for the peer: routing variables, and a content as it came. */
  | Send;

/** A packet to be sent. Variables that stay the same from packet to packet go over the wire once. */
interface Send {
  readonly kind: 'send';
  readonly routing: ReadonlyMap<string, string>;
  readonly content: Uint8Array | null;
  /** Whether the content goes with its length (true unless told): what is passed on goes as it came. */
  readonly withLength?: boolean;
}

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
  | { readonly kind: 'packet'; readonly packet: Packet; readonly routing: ReadonlyMap<string, string> }
  /** A packet given to `send` was not sent: the queue is full, or the circuit not ready. */
  | { readonly kind: 'refused'; readonly send: Send }
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
  /** Persistent routing variables of our direction. */
  readonly compression: RoutingCompression;
  /** Bytes of the whole packets that came: where the next one begins in the peer's stream. */
  readBytes: number;
  /** Whether our greeting is written, and whether the peer's first byte was seen. */
  greeted: boolean;
  heardFirst: boolean;
  unsentBytes: number;
  /** When it was dialled, then when it opened. */
  openedAtMs: number;
  /** When the last whole packet came, and when anything was last written. */
  heardAtMs: number;
  wroteAtMs: number;
}

/** A circuit on a stream that is about to open; `accepted`: the peer opened it. */
export function newCircuit(accepted: boolean, limits: CircuitLimits = circuitLimits): Circuit {
  return {
    accepted,
    limits,
    phase: 'opening',
    parser: new Parser(),
    routing: new RoutingMemory(),
    compression: new RoutingCompression(),
    readBytes: 0,
    greeted: false,
    heardFirst: false,
    unsentBytes: 0,
    openedAtMs: 0,
    heardAtMs: 0,
    wroteAtMs: 0,
  };
}

/** Changes the circuit and gives the effects, in order. Never throws, whatever the bytes. `nowMs` never goes back. */
export function stepCircuit(circuit: Circuit, event: CircuitEvent, nowMs: number): CircuitEffect[] {
  const effects: CircuitEffect[] = [];
  if (circuit.phase === 'closed') {
    if (event.kind === 'send') effects.push({ kind: 'refused', send: event });
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
      send(circuit, event, nowMs, effects);
      break;
  }
  return effects;
}

function open(circuit: Circuit, nowMs: number, effects: CircuitEffect[]): void {
  circuit.openedAtMs = circuit.heardAtMs = circuit.wroteAtMs = nowMs;
  circuit.phase = 'greeting';
  if (!circuit.accepted) {
    // Without waiting for an answer: psyced gives none. The proof of keys will stand between greeting and ready.
    greet(circuit, nowMs, effects);
    circuit.phase = 'ready';
    effects.push({ kind: 'ready' });
  }
  watch(circuit, nowMs, effects);
}

function takeBytes(circuit: Circuit, bytes: Uint8Array, nowMs: number, effects: CircuitEffect[]): void {
  if (bytes.length === 0) return;
  if (!circuit.heardFirst) {
    circuit.heardFirst = true;
    // The first byte tells the protocol, before any of it is parsed.
    if (bytes[0] === DOT) {
      if (circuit.greeted) giveUp(circuit, '_obsolete_syntax', 0, nowMs, effects);
      else {
        write(circuit, obsoleteAnswer(), nowMs, effects);
        shut(circuit, '_obsolete_syntax', effects);
      }
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
      }
      const routing = circuit.routing.take(packet);
      const at = circuit.readBytes;
      circuit.readBytes += packet.raw.length;
      // Empty packets greet and keep alive; nothing is to be done for them.
      if (packet.raw.length === GREETING.length) continue;
      try {
        checkRouting(packet, (name) => routing.get(name));
      } catch (error) {
        if (!(error instanceof PsycError)) throw error;
        giveUp(circuit, error.code, at + error.offset, nowMs, effects);
        return;
      }
      effects.push({ kind: 'packet', packet, routing });
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

function send(circuit: Circuit, event: Send, nowMs: number, effects: CircuitEffect[]): void {
  const { routing, content } = event;
  // Judged before it is compressed, since a packet that is compressed must be sent.
  let bytesMax = FRAME_BYTES_MAX + (content?.length ?? 0);
  for (const [name, value] of routing) bytesMax += name.length + 3 * value.length + 4;
  if (circuit.phase !== 'ready' || circuit.unsentBytes + bytesMax > circuit.limits.unsentBytesMax) {
    effects.push({ kind: 'refused', send: event });
    return;
  }
  write(circuit, circuit.compression.packet(routing, content, event.withLength), nowMs, effects);
}

function greet(circuit: Circuit, nowMs: number, effects: CircuitEffect[]): void {
  if (circuit.greeted) return;
  circuit.greeted = true;
  write(circuit, GREETING, nowMs, effects);
}

/** One error packet with the code, then the end: after a mistake in the bytes nothing that follows can be trusted. */
function giveUp(circuit: Circuit, code: CircuitCode, offset: number, nowMs: number, effects: CircuitEffect[]): void {
  greet(circuit, nowMs, effects);
  write(circuit, errorPacket(code, offset, circuit.compression.lines(new Map())), nowMs, effects);
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
