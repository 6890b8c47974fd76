/** A server of the scene `onions`: a listener, circuits to its peers and a disk. docs/simulator.md#onions */
import { backoffMs } from '../../circuit/backoff.ts';
import { type Circuit, type CircuitEvent, newCircuit, stepCircuit } from '../../circuit/circuit.ts';
import type { CircuitLimits } from '../../circuit/limits.ts';
import type { Suite } from '../../crypto/suite.ts';
import type { EpochKey, ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import { readFrame, renderFrame } from '../../listener-bots/frame.ts';
import type { ListenerLimits } from '../../listener-bots/limits.ts';
import type { Membership } from '../../listener-bots/link.ts';
import { Listener } from '../../listener-bots/listener.ts';
import type { openCell } from '../../listener-bots/opening.ts';
import type { Station } from '../../onion/route.ts';
import { copyBytes } from '../../psyc/bytes.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import { beginUnixMs } from './circuit-end.ts';
import { MorShell } from './mor-shell.ts';

/** A server that circuits are held to. */
export interface MorPeer {
  readonly name: string;
  readonly membership: Membership;
  /** Whether this end opens the circuit. */
  readonly dials: boolean;
}

/** What a node is told of itself before it starts. */
export interface MorNodeOptions {
  readonly domain: string;
  readonly suite: Suite;
  readonly peers: readonly MorPeer[];
  readonly keys: readonly EpochKey[];
  readonly stations: readonly Station[];
  readonly limits: ListenerLimits;
  readonly circuitLimits: CircuitLimits;
  /** What opens cells. */
  readonly open: typeof openCell;
}

/** Starts a life of a node. */
export type MorStart = (options: MorNodeOptions, life: number) => Machine;

const redialMs = { least: 50, most: 2_000 };

/** One life of a node. */
export class MorNode implements Machine {
  readonly #options: MorNodeOptions;
  readonly #life: number;
  readonly #shell: MorShell;
  #listener: Listener | null = null;
  #nowMs = 0;
  #effects: NodeEffect[] = [];
  readonly #circuits = new Map<string, { readonly circuit: Circuit; readonly peer: string }>();
  /** The circuit to send on, by peer. */
  readonly #current = new Map<string, string>();
  readonly #failures = new Map<string, number>();
  #dialled = 0;
  #handed = 0;
  #exits = 0;

  constructor(options: MorNodeOptions, life: number) {
    this.#options = options;
    this.#life = life;
    this.#shell = new MorShell({
      ...options,
      effect: (effect) => void this.#effects.push(effect),
      tell: (event) => (event.kind === 'loaded' ? this.#begin(event) : this.#tell(event)),
    });
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.#nowMs = nowMs;
    this.#effects = [];
    if (!this.#shell.take(event)) this.#take(event);
    return this.#effects;
  }

  queues(): (readonly [string, number])[] {
    return [['circuits', this.#circuits.size], ...(this.#listener?.queues() ?? [])];
  }

  #take(event: NodeEvent): void {
    switch (event.kind) {
      case 'started':
        this.#shell.start();
        break;
      case 'opened':
        if (event.accepted) {
          const circuit = newCircuit(true, this.#options.circuitLimits);
          this.#circuits.set(event.circuit, { circuit, peer: event.peer });
        }
        this.#tellCircuit(event.circuit, { kind: 'opened' });
        break;
      case 'bytes':
      case 'drained':
      case 'ended':
      case 'failed':
        this.#tellCircuit(event.circuit, event);
        break;
      case 'timer':
        this.#takeTimer(event.name);
        break;
      case 'said':
        this.#tell({ kind: 'handed', client: 'people', request: ++this.#handed, cell: event.packet });
        break;
      case 'stored':
      case 'datagram':
      case 'attached':
      case 'asked':
      case 'announced':
        break;
    }
  }

  /** Timers are named `circuit NAME`, `dial PEER` or `wake`. */
  #takeTimer(name: string): void {
    const [what, which = ''] = name.split(/ (.*)/, 2);
    if (what === 'circuit') this.#tellCircuit(which, { kind: 'timer' });
    else if (what === 'dial') this.#dial(which);
    else this.#tell({ kind: 'wake' });
  }

  #begin(loaded: ListenerEvent): void {
    const { domain, suite, limits, keys, stations, peers } = this.#options;
    const takes = (target: string): boolean => target === `psyc://${domain}/~bob`;
    const options = { domain, suite, limits, isWide: true, unsafe: false, takes };
    this.#listener = new Listener(options, this.#nowMs, beginUnixMs + this.#nowMs);
    this.#tell(loaded);
    this.#tell({ kind: 'keys', keys });
    this.#tell({ kind: 'stations', stations });
    for (const [peer] of this.#current) this.#link(peer);
    for (const { name, dials } of peers) if (dials) this.#dial(name);
  }

  #tell(event: ListenerEvent): void {
    for (const effect of this.#listener?.step(event, this.#nowMs, beginUnixMs + this.#nowMs) ?? []) this.#do(effect);
  }

  #do(effect: ListenerEffect): void {
    switch (effect.kind) {
      case 'send': {
        const circuit = this.#current.get(effect.peer);
        const bytes = renderFrame(this.#options.domain, effect.frame);
        if (circuit !== undefined) this.#tellCircuit(circuit, { kind: 'send', bytes });
        break;
      }
      case 'open':
      case 'remember':
      case 'forget':
        this.#shell.perform(effect);
        break;
      case 'exit': {
        const { target, packet } = effect.exit;
        this.#effects.push({
          kind: 'deliver',
          context: target,
          sequence: ++this.#exits,
          packet: copyBytes(packet.raw),
        });
        break;
      }
      case 'wake':
        this.#effects.push({ kind: 'timer', name: 'wake', delayMs: Math.max(0, effect.atMs - this.#nowMs) });
        break;
      case 'forget key':
      case 'renew':
      case 'reply':
      case 'taken':
      case 'refused':
      case 'copy':
        break;
    }
  }

  #dial(peer: string): void {
    const name = `out ${this.#life}.${++this.#dialled}`;
    this.#circuits.set(name, { circuit: newCircuit(false, this.#options.circuitLimits), peer });
    this.#effects.push({ kind: 'connect', circuit: name, to: peer });
    this.#tellCircuit(name, { kind: 'dialled' });
  }

  #tellCircuit(name: string, event: CircuitEvent): void {
    const known = this.#circuits.get(name);
    if (known === undefined) return;
    const { circuit, peer } = known;
    for (const effect of stepCircuit(circuit, event, this.#nowMs)) {
      switch (effect.kind) {
        case 'write':
          this.#effects.push({ kind: 'write', circuit: name, bytes: effect.bytes });
          break;
        case 'close':
          this.#effects.push({ kind: 'close', circuit: name });
          break;
        case 'timer':
          this.#effects.push({ kind: 'timer', name: `circuit ${name}`, delayMs: effect.delayMs });
          break;
        case 'ready':
          this.#replace(peer, name);
          break;
        case 'packet': {
          const frame = readFrame(peer, effect.packet, (variable) => effect.routing.get(variable));
          if (frame !== null) this.#tell({ kind: 'frame', peer, frame });
          break;
        }
        case 'closed':
          this.#closed(peer, name, circuit);
          break;
        case 'refused':
        case 'writable':
          // A frame that finds no room is lost; the next one leaves at the next strike.
          break;
      }
    }
  }

  /** A peer who opens another circuit has given the one before up. */
  #replace(peer: string, name: string): void {
    for (const [other, known] of [...this.#circuits]) {
      if (other === name || known.peer !== peer) continue;
      this.#effects.push({ kind: 'close', circuit: other });
      this.#circuits.delete(other);
    }
    if (this.#current.has(peer)) this.#tell({ kind: 'unlinked', peer });
    this.#current.set(peer, name);
    this.#failures.set(peer, 0);
    this.#link(peer);
  }

  #link(peer: string): void {
    const known = this.#options.peers.find(({ name }) => name === peer);
    if (known !== undefined) this.#tell({ kind: 'linked', peer, membership: known.membership });
  }

  #closed(peer: string, name: string, { heardFirst }: Circuit): void {
    this.#circuits.delete(name);
    if (this.#current.get(peer) === name) {
      this.#current.delete(peer);
      this.#tell({ kind: 'unlinked', peer });
    }
    if (!this.#options.peers.some((known) => known.name === peer && known.dials)) return;
    const failures = heardFirst ? 0 : (this.#failures.get(peer) ?? 0);
    this.#failures.set(peer, failures + 1);
    const delayMs = backoffMs(failures, redialMs.least, redialMs.most);
    this.#effects.push({ kind: 'timer', name: `dial ${peer}`, delayMs });
  }
}
