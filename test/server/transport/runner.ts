/** One circuit at work on a stream without a node: for tests of the transport, and the bench that asks what it costs alone. */
import type { Logger } from 'pino';
import { type Circuit, type CircuitEffect, type CircuitEvent, stepCircuit } from '../../../circuit/circuit.ts';
import type { CircuitCode } from '../../../circuit/errors.ts';
import type { Packet } from '../../../psyc/packet.ts';
import { TransportError } from '../../../server/transport/errors.ts';
import { type TransportLimits, transportLimits } from '../../../server/transport/limits.ts';
import type { ByteStream, Channel, StreamOwner } from '../../../server/transport/stream.ts';
import type { Timers } from '../../../server/transport/timers.ts';

/** Who speaks over a circuit. Must not throw. */
export interface CircuitOwner {
  /** The stream stands; nothing has been said yet. */
  opened?(circuit: CircuitRunner, channel: Channel): void;
  /** From now on packets may be sent. */
  ready(circuit: CircuitRunner): void;
  /** The packet is valid during the call. */
  packet(circuit: CircuitRunner, packet: Packet, routing: ReadonlyMap<string, string>): void;
  /** A packet was not sent: there is no room, until `writable`. */
  refused(circuit: CircuitRunner): void;
  /** After `refused`: there is room again. */
  writable?(circuit: CircuitRunner): void;
  /** The circuit is over; nothing follows. */
  closed(circuit: CircuitRunner, code: CircuitCode): void;
}

/** What a runner needs beside its circuit. */
export interface RunnerOptions {
  readonly owner: CircuitOwner;
  readonly timers: Timers;
  readonly log: Logger;
  readonly limits?: TransportLimits;
}

/** A circuit from `dialled` or `carry` until its owner hears `closed`. Nothing that a peer does makes it throw. */
export class CircuitRunner implements StreamOwner {
  readonly circuit: Circuit;
  readonly #owner: CircuitOwner;
  readonly #timers: Timers;
  readonly #log: Logger;
  readonly #stalledMsMax: number;
  #stream: ByteStream | null = null;
  #giveUpDialling: (() => void) | null = null;
  #cancelTimer: (() => void) | null = null;
  /** The owner has heard `closed`, perhaps because it closed in the middle of a step: what is left of that is void. */
  #isOver = false;

  constructor(circuit: Circuit, { owner, timers, log, limits = transportLimits }: RunnerOptions) {
    this.circuit = circuit;
    this.#owner = owner;
    this.#timers = timers;
    this.#log = log;
    this.#stalledMsMax = limits.stalledMsMax;
  }

  /** A stream has been asked for; `giveUp` is called when it is wanted no more. */
  dialled(giveUp: () => void): void {
    this.#giveUpDialling = giveUp;
    this.#step({ kind: 'dialled' });
  }

  /** The stream stands. */
  carry(stream: ByteStream): void {
    this.#giveUpDialling = null;
    if (this.circuit.phase === 'closed') {
      stream.destroy();
      return;
    }
    this.#stream = stream;
    stream.carry(this);
    this.#owner.opened?.(this, stream.channel);
    this.#step({ kind: 'opened' });
  }

  /** Sends a rendered packet, which may be shared by many circuits; or says `refused`. */
  send(bytes: Uint8Array): void {
    this.#step({ kind: 'send', bytes });
  }

  /** Ends the circuit in order, as if the peer had: what was sent before goes out. */
  close(): void {
    this.#step({ kind: 'ended' });
  }

  bytes(bytes: Uint8Array): void {
    this.#step({ kind: 'bytes', bytes });
  }

  drained(bytes: number): void {
    this.#step({ kind: 'drained', bytes });
  }

  ended(): void {
    this.#step({ kind: 'ended' });
  }

  /** The stream broke, or did not come to stand. */
  failed(why: () => TransportError): void {
    const error = why();
    // Messages name addresses, which are the peer's own business.
    this.#log.debug({ code: error.code, reason: error.message, cause: error.cause }, 'stream lost');
    this.#step({ kind: 'failed' });
  }

  #step(event: CircuitEvent): void {
    const effects = stepCircuit(this.circuit, event, this.#timers.nowMs());
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: CircuitEffect): void {
    switch (effect.kind) {
      case 'write':
        this.#stream?.write(effect.bytes);
        break;
      case 'packet':
        if (!this.#isOver) this.#owner.packet(this, effect.packet, effect.routing);
        break;
      case 'ready':
        if (!this.#isOver) this.#owner.ready(this);
        break;
      case 'writable':
        if (!this.#isOver) this.#owner.writable?.(this);
        break;
      case 'timer':
        if (this.#isOver) break;
        this.#cancelTimer?.();
        this.#cancelTimer = this.#timers.after(effect.delayMs, this.#wake);
        break;
      case 'refused':
        this.#owner.refused(this);
        this.#watchStall();
        break;
      case 'close':
        this.#giveUpDialling?.();
        this.#stream?.end();
        break;
      case 'closed':
        this.#over(effect.code);
        break;
    }
  }

  readonly #wake = (): void => {
    this.#cancelTimer = null;
    if (!this.#watchStall()) this.#step({ kind: 'timer' });
  };

  /** Breaks off with a peer that has stopped reading; the circuit's own timer comes often enough to see it. */
  #watchStall(): boolean {
    const stream = this.#stream;
    if (stream === null || stream.writingSinceMs === null) return false;
    if (this.#timers.nowMs() - stream.writingSinceMs < this.#stalledMsMax) return false;
    stream.destroy();
    this.failed(() => new TransportError('_transport_stalled', 'the peer has stopped reading'));
    return true;
  }

  #over(code: CircuitCode): void {
    this.#isOver = true;
    this.#cancelTimer?.();
    this.#cancelTimer = this.#giveUpDialling = this.#stream = null;
    this.#log.debug({ code }, 'circuit closed');
    this.#owner.closed(this, code);
  }
}
