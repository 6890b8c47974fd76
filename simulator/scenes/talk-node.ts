/** The node of the talk: circuits, deliveries and a store put together for two servers that know each other. docs/simulator.md#talk */
import { backoffMs } from '../../circuit/backoff.ts';
import { type Circuit, type CircuitEvent, newCircuit, stepCircuit } from '../../circuit/circuit.ts';
import { acknowledge, acknowledgementIn, refuse } from '../../circuit/message.ts';
import { type LonePacket, readOne } from '../../circuit/one-packet.ts';
import type { CircuitLimits, DeliveryLimits } from '../../circuit/limits.ts';
import { PsycError } from '../../psyc/error.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { Route } from '../../psyc/reply.ts';
import type { StoreOutcome } from '../../store/store.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import { type Asked, TalkLog, type TalkSurroundings, type Token } from './talk-log.ts';

/** What a node is told of itself before it starts. */
export interface TalkNodeOptions {
  /** The one other node. */
  readonly peer: string;
  /** Whether this node opens the circuits; the other accepts them. */
  readonly dials: boolean;
  /** Datagrams of one packet each, in place of circuits. */
  readonly datagrams: boolean;
  /** Uniforms whose logs are kept and read here, and uniforms at the peer. */
  readonly local: readonly string[];
  readonly remote: readonly string[];
  readonly circuitLimits: CircuitLimits;
  readonly deliveryLimits: DeliveryLimits;
  /** BLAKE2b-256. */
  readonly hash: (bytes: Uint8Array) => Uint8Array;
}

/** One life of a node. */
export class TalkNode implements Machine, TalkSurroundings {
  nowMs = 0;
  readonly #options: TalkNodeOptions;
  readonly #life: number;
  #effects: NodeEffect[] = [];
  readonly #logs = new Map<string, TalkLog>();
  readonly #circuits = new Map<string, Circuit>();
  /** The circuit to send on. */
  #current: string | null = null;
  #dialled = 0;
  #dialFailures = 0;
  #request = 0;
  readonly #asked = new Map<number, (outcome: StoreOutcome) => void>();

  constructor(options: TalkNodeOptions, life: number) {
    this.#options = options;
    this.#life = life;
    const { deliveryLimits, hash } = options;
    for (const target of options.local) this.#logs.set(target, new TalkLog(target, false, deliveryLimits, hash, this));
    for (const target of options.remote) this.#logs.set(target, new TalkLog(target, true, deliveryLimits, hash, this));
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.nowMs = nowMs;
    this.#effects = [];
    this.#take(event);
    return this.#effects;
  }

  queues(): (readonly [string, number])[] {
    const queues: [string, number][] = [['circuits', this.#circuits.size]];
    for (const log of this.#logs.values()) queues.push(...log.queues());
    return queues;
  }

  ask(asked: Asked, answer: (outcome: StoreOutcome) => void): void {
    const request = ++this.#request;
    this.#asked.set(request, answer);
    this.effect({ kind: 'store', request: { ...asked, request } });
  }

  send(packet: Uint8Array): boolean {
    if (this.#options.datagrams) this.effect({ kind: 'datagram', to: this.#options.peer, bytes: packet });
    else return this.#current !== null && this.#tellCircuit(this.#current, { kind: 'send', bytes: packet });
    return true;
  }

  acknowledge(token: Token): void {
    this.#answer(token, acknowledge(token.message));
  }

  refuse(token: Token, code: string): void {
    this.#answer(token, refuse(token.message, code));
  }

  effect(effect: NodeEffect): void {
    this.#effects.push(effect);
  }

  #take(event: NodeEvent): void {
    switch (event.kind) {
      case 'started':
        for (const log of this.#logs.values()) log.start();
        if (this.#options.datagrams) this.#connected(true);
        else if (this.#options.dials) this.#dial();
        break;
      case 'opened':
        if (event.accepted) this.#circuits.set(event.circuit, newCircuit(true, this.#options.circuitLimits));
        this.#tellCircuit(event.circuit, { kind: 'opened' });
        break;
      case 'bytes':
        this.#tellCircuit(event.circuit, { kind: 'bytes', bytes: event.bytes });
        break;
      case 'drained':
        this.#tellCircuit(event.circuit, { kind: 'drained', bytes: event.bytes });
        break;
      case 'ended':
      case 'failed':
        this.#tellCircuit(event.circuit, { kind: event.kind });
        break;
      case 'datagram':
        if (event.from === this.#options.peer) this.#takeWhole(event.bytes, true);
        break;
      case 'timer':
        this.#takeTimer(event.name);
        break;
      case 'stored': {
        const answer = this.#asked.get(event.outcome.request);
        this.#asked.delete(event.outcome.request);
        answer?.(event.outcome);
        break;
      }
      case 'said':
        this.#takeWhole(event.packet, false);
        break;
      case 'attached':
        this.#logs.get(event.context)?.attach(event.after);
        break;
      case 'asked':
      case 'announced':
        break;
    }
  }

  /** Timers are named `circuit NAME`, `dial`, or by their logs. */
  #takeTimer(name: string): void {
    if (name === 'dial') this.#dial();
    else if (name.startsWith('circuit ')) this.#tellCircuit(name.slice(8), { kind: 'timer' });
    else for (const log of this.#logs.values()) log.takeTimer(name);
  }

  #dial(): void {
    const circuit = `out ${this.#life}.${++this.#dialled}`;
    this.#circuits.set(circuit, newCircuit(false, this.#options.circuitLimits));
    this.effect({ kind: 'connect', circuit, to: this.#options.peer });
    this.#tellCircuit(circuit, { kind: 'dialled' });
  }

  /** Gives false when the circuit refused what was to be sent. */
  #tellCircuit(name: string, event: CircuitEvent): boolean {
    const circuit = this.#circuits.get(name);
    if (circuit === undefined) return false;
    let isTaken = true;
    for (const effect of stepCircuit(circuit, event, this.nowMs)) {
      switch (effect.kind) {
        case 'write':
          this.effect({ kind: 'write', circuit: name, bytes: effect.bytes });
          break;
        case 'close':
          this.effect({ kind: 'close', circuit: name });
          break;
        case 'timer':
          this.effect({ kind: 'timer', name: `circuit ${name}`, delayMs: effect.delayMs });
          break;
        case 'ready':
          this.#replaceCurrent(name);
          break;
        case 'packet':
          this.#takePacket(effect.packet, (variable) => effect.routing.get(variable), true);
          break;
        case 'refused':
          isTaken = false;
          break;
        case 'writable':
          if (name === this.#current) for (const log of this.#logs.values()) log.setWritable();
          break;
        case 'closed':
          this.#closed(name, circuit);
          break;
      }
    }
    return isTaken;
  }

  /** A peer who opens another circuit has given the one before up, even where we have not heard of it. */
  #replaceCurrent(name: string): void {
    const old = this.#current;
    this.#current = name;
    for (const other of [...this.#circuits.keys()]) {
      if (other === name || (other !== old && this.#options.dials)) continue;
      this.effect({ kind: 'close', circuit: other });
      this.#circuits.delete(other);
    }
    this.#connected(true);
  }

  #closed(name: string, circuit: Circuit): void {
    this.#circuits.delete(name);
    if (this.#current === name) {
      this.#current = null;
      this.#connected(false);
    }
    if (!this.#options.dials) return;
    if (circuit.heardFirst) this.#dialFailures = 0;
    const { retryMsMin, retryMsMax } = this.#options.deliveryLimits;
    this.effect({ kind: 'timer', name: 'dial', delayMs: backoffMs(this.#dialFailures++, retryMsMin, retryMsMax) });
  }

  #connected(connected: boolean): void {
    for (const log of this.#logs.values()) log.setConnected(connected);
  }

  /** An answer that finds no room is not kept: what it answers comes again. */
  #answer({ message, fromPeer }: Token, packet: Uint8Array): void {
    if (fromPeer) this.send(packet);
    else this.effect({ kind: 'reply', to: message.author, packet });
  }

  /** Bytes that must be one packet. */
  #takeWhole(bytes: Uint8Array, fromPeer: boolean): void {
    let lone: LonePacket;
    try {
      lone = readOne(bytes);
    } catch (error) {
      if (!(error instanceof PsycError)) throw error;
      return;
    }
    this.#takePacket(lone.packet, lone.route, fromPeer);
  }

  #takePacket(packet: Packet, route: Route, fromPeer: boolean): void {
    const acknowledgement = acknowledgementIn(packet, route);
    if (acknowledgement !== null) {
      // Only the peer knows what it has: a local person who says so is not heard.
      if (fromPeer) this.#logs.get(acknowledgement.target)?.takeAcknowledgement(acknowledgement);
      return;
    }
    // A log of the peer's takes what local people say, not what the peer says: nothing is relayed.
    const log = this.#logs.get(route('_target') ?? '');
    if (log !== undefined && !(fromPeer && log.remote)) log.takeMessage(packet, route, fromPeer);
  }
}
