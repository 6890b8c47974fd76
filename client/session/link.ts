/** The way to the home server: a circuit that is dialled again when it is lost, with both ends proved. docs/spec/people.md#session */
import { backoffMs } from '../../circuit/backoff.ts';
import type { Exported } from '../../circuit/binding.ts';
import { type Circuit, type CircuitEvent, newCircuit, stepCircuit } from '../../circuit/circuit.ts';
import {
  ClientHandshake,
  codeIn,
  type HandshakeAnswer,
  type HandshakeEvent,
  type HandshakeQuestion,
  type LoginOptions,
} from '../../circuit/client-handshake.ts';
import { proofLimits } from '../../circuit/proof-limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render } from '../../psyc/render.ts';
import type { Delivery } from '../../psyc/routing.ts';
import type { Moment, SessionEvent } from './events.ts';
import type { Gate } from './gate.ts';
import { sessionLimits } from './limits.ts';

/** Why a circuit ended. */
export interface Cause {
  readonly code: string;
  /** Whether the peer ended it, or the way to him. */
  readonly byPeer: boolean;
  /** The domain that was there in place of ours. */
  readonly detail?: string;
}

/** Who speaks over the link. */
export interface LinkOwner {
  /** How to log in, asked for each circuit. */
  login(): LoginOptions;
  ask(question: HandshakeQuestion): void;
  /** Makes the pin of the home's key durable, before anything that follows; `isFollowed`: in place of the one that has named it its successor. */
  pinned(fingerprint: Uint8Array, isFollowed: boolean): void;
  certified(key: Uint8Array): void;
  /** A newer statement of our devices. */
  stated(statement: Uint8Array): void;
  proved(): void;
  /** The server had no room for something; there is room again. */
  missed(): void;
  /** A packet after both ends were proved, valid during the call. */
  packet(packet: Packet, routing: ReadonlyMap<string, string>, delivery: Delivery): void;
  /** The circuit is over; another will be dialled, unless the session is over by this. null: we wanted it so. */
  lost(cause: Cause | null, wasProved: boolean): void;
}

/** Codes of the peer after which the same attempt may succeed later. */
const passing = /^_(?:circuit|proof|trust_unavailable|store|excessive|error)/;

/** Whether there is no use in trying again: somebody has to do something first. */
export const isFinal = (code: string, byPeer: boolean): boolean =>
  byPeer ? !passing.test(code) : /^_(?:trust_|session_|proof_foreign_source$)/.test(code);

/** One link; `step` and the calls beside it change it. */
export class Link {
  readonly #gate: Gate;
  readonly #owner: LinkOwner;
  #name = 0;
  #circuit: Circuit | null = null;
  #handshake: ClientHandshake | null = null;
  #exported: Exported | null = null;
  /** The circuit that the proof's timer was set for: it may go off on the next, which is still being dialled. */
  #timed = 0;
  #isProved = false;
  #failures = 0;
  #isWanted = false;
  /** Why we gave the circuit up, or the peer; what the circuit itself says of its end comes after that. */
  #cause: Cause | null = null;
  #isLeaving = false;
  #now: Moment = { monotoneMs: 0, wallMs: 0 };

  constructor(gate: Gate, owner: LinkOwner) {
    this.#gate = gate;
    this.#owner = owner;
  }

  get isProved(): boolean {
    return this.#isProved;
  }

  step(event: SessionEvent, now: Moment): void {
    this.#now = now;
    switch (event.kind) {
      case 'started':
        this.#isWanted = true;
        this.#dial();
        break;
      case 'opened':
        if (event.circuit !== this.#name) break;
        this.#exported = event.exported;
        this.#timed = this.#name;
        this.#gate.add({ kind: 'timer', name: 'proof', delayMs: proofLimits.provingMsMax });
        this.#tell({ kind: 'opened' });
        break;
      case 'bytes':
        if (event.circuit === this.#name) this.#tell({ kind: 'bytes', bytes: event.bytes });
        break;
      case 'drained':
        if (event.circuit === this.#name) this.#tell({ kind: 'drained', bytes: event.bytes });
        break;
      case 'ended':
      case 'failed':
        if (event.circuit === this.#name) this.#tell({ kind: event.kind });
        break;
      case 'timer':
        if (event.name === 'renew') {
          if (this.#isProved) this.renew();
        } else if (event.name === 'circuit') this.#tell({ kind: 'timer' });
        else if (event.name === 'proof' && this.#timed === this.#name) this.#shake({ kind: 'timeout' });
        else if (event.name === 'dial' && this.#circuit === null && this.#isWanted) this.#dial();
        break;
      default:
        break;
    }
  }

  answered(answer: HandshakeAnswer): void {
    this.#shake({ kind: 'answered', answer });
  }

  /** Sends a packet; false: it was not sent. */
  send(bytes: Uint8Array): boolean {
    return this.#isProved && this.#tell({ kind: 'send', bytes });
  }

  /** Closes the circuit because of what the peer said, and tells him. */
  refuse(code: string): void {
    if (this.#circuit === null) return;
    this.#tell({ kind: 'send', bytes: render({ entity: { _code: code }, method: `_error${code}` }) });
    this.#close({ code, byPeer: false });
  }

  /** Closes the circuit in order, to dial another at once. */
  renew(): void {
    this.#failures = 0;
    this.#isLeaving = true;
    this.#tell({ kind: 'ended' });
  }

  /** Closes the circuit in order, for good. */
  stop(): void {
    this.#isWanted = false;
    this.#isLeaving = true;
    this.#tell({ kind: 'ended' });
  }

  #dial(): void {
    this.#gate.add({
      kind: 'output',
      output: { kind: 'progress', state: 'connecting', of: this.#owner.login().domain },
    });
    this.#name++;
    this.#circuit = newCircuit(false);
    this.#handshake = new ClientHandshake(this.#owner.login());
    this.#exported = this.#cause = null;
    this.#isProved = this.#isLeaving = false;
    this.#gate.add({ kind: 'connect', circuit: this.#name });
    this.#tell({ kind: 'dialled' });
  }

  #close(cause: Cause): void {
    this.#cause = cause;
    this.#tell({ kind: 'ended' });
  }

  /** Gives false where something was to be sent and was not. */
  #tell(event: CircuitEvent): boolean {
    const circuit = this.#circuit;
    let isSent = circuit !== null;
    if (circuit === null) return false;
    for (const effect of stepCircuit(circuit, event, this.#now.monotoneMs)) {
      switch (effect.kind) {
        case 'write':
          this.#gate.add({ kind: 'write', circuit: this.#name, bytes: effect.bytes });
          break;
        case 'close':
          this.#gate.add({ kind: 'close', circuit: this.#name });
          break;
        case 'timer':
          this.#gate.add({ kind: 'timer', name: 'circuit', delayMs: effect.delayMs });
          break;
        case 'ready':
          this.#shake({ kind: 'opened', exported: this.#exported });
          break;
        case 'packet':
          // Something before it in the same bytes may have ended this circuit.
          if (this.#circuit === circuit) this.#packet(effect.packet, effect.routing, effect.delivery);
          break;
        case 'refused':
          isSent = false;
          break;
        case 'writable':
          // Whatever waits is said again before long.
          break;
        case 'closed':
          if (this.#circuit === circuit) this.#over(circuit, effect.code);
          break;
      }
    }
    return isSent;
  }

  #packet(packet: Packet, routing: ReadonlyMap<string, string>, delivery: Delivery): void {
    if (!this.#isProved) {
      this.#shake(delivery === 'circuit' ? { kind: 'packet', packet } : { kind: 'foreign packet' });
    } else if (delivery !== 'circuit') this.#owner.packet(packet, routing, delivery);
    else if (packet.method === '_notice_missed') this.#owner.missed();
    else if (/^_(?:error|failure)/.test(packet.method ?? '')) {
      // The peer's last word; its reason is told, and not that the stream ended.
      this.#cause ??= { code: codeIn(packet), byPeer: true };
    }
  }

  #shake(event: HandshakeEvent): void {
    const handshake = this.#handshake;
    if (handshake === null) return;
    for (const effect of handshake.step(event)) {
      switch (effect.kind) {
        case 'send':
          this.#tell({ kind: 'send', bytes: effect.bytes });
          break;
        case 'ask':
          this.#owner.ask(effect.question);
          break;
        case 'pin':
        case 'follow':
          this.#owner.pinned(effect.fingerprint, effect.kind === 'follow');
          // What follows is held until the pin is durable.
          this.#shake({ kind: 'pinned' });
          break;
        case 'certified':
          this.#owner.certified(effect.key);
          break;
        case 'stated':
          this.#owner.stated(effect.statement);
          break;
        case 'proved':
          this.#isProved = true;
          this.#gate.add({ kind: 'timer', name: 'renew', delayMs: sessionLimits.circuitMsMax });
          this.#owner.proved();
          break;
        case 'failed':
          this.#close(effect);
          break;
      }
    }
  }

  #over(circuit: Circuit, ending: string): void {
    const cause = this.#cause ?? { code: ending, byPeer: true };
    const wasProved = this.#isProved;
    // What the peer said counts as success, unless one of both has refused the other.
    if (circuit.heardFirst && this.#cause === null) this.#failures = 0;
    this.#circuit = this.#handshake = null;
    this.#isProved = false;
    this.#owner.lost(this.#isLeaving ? null : cause, wasProved);
    if (!this.#isWanted) return;
    const delayMs = backoffMs(this.#failures++, sessionLimits.redialMsMin, sessionLimits.redialMsMax);
    this.#gate.add({ kind: 'timer', name: 'dial', delayMs });
  }
}
