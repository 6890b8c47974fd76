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
import type { openCell, OpenJob } from '../../listener-bots/opening.ts';
import type { Station } from '../../onion/route.ts';
import { copyBytes } from '../../psyc/bytes.ts';
import type { StoreOutcome } from '../../store/store.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import { beginUnixMs } from './circuit-end.ts';
import { type Kept, readKept, renderKept } from './mor-disk.ts';

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

/** Opening takes so long at least, and so much longer it may: results overtake each other. */
const openMs = 1;
const openMsMore = 4;
const retryMs = 200;
const redialMs = { least: 50, most: 2_000 };
const rowsMax = 512;
const lease = 1;

/** One life of a node. */
export class MorNode implements Machine {
  readonly #options: MorNodeOptions;
  readonly #life: number;
  readonly #context: string;
  #listener: Listener | null = null;
  #nowMs = 0;
  #effects: NodeEffect[] = [];
  readonly #circuits = new Map<string, { readonly circuit: Circuit; readonly peer: string }>();
  /** The circuit to send on, by peer. */
  readonly #current = new Map<string, string>();
  readonly #failures = new Map<string, number>();
  #dialled = 0;
  readonly #jobs = new Map<number, OpenJob>();
  #request = 0;
  readonly #asked = new Map<number, (outcome: StoreOutcome) => void>();
  #handed = 0;
  #exits = 0;

  constructor(options: MorNodeOptions, life: number) {
    this.#options = options;
    this.#life = life;
    this.#context = `psyc://${options.domain}/$mor`;
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.#nowMs = nowMs;
    this.#effects = [];
    this.#take(event);
    return this.#effects;
  }

  queues(): (readonly [string, number])[] {
    return [['circuits', this.#circuits.size], ...(this.#listener?.queues() ?? [])];
  }

  #take(event: NodeEvent): void {
    switch (event.kind) {
      case 'started':
        this.#load([]);
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
      case 'stored': {
        const answer = this.#asked.get(event.outcome.request);
        this.#asked.delete(event.outcome.request);
        answer?.(event.outcome);
        break;
      }
      case 'said':
        this.#tell({ kind: 'handed', client: 'people', request: ++this.#handed, cell: event.packet });
        break;
      case 'datagram':
      case 'attached':
      case 'asked':
      case 'announced':
        break;
    }
  }

  /** Timers are named `circuit NAME`, `dial PEER`, `open JOB`, `load` or `wake`. */
  #takeTimer(name: string): void {
    const [what, which = ''] = name.split(/ (.*)/, 2);
    if (what === 'circuit') this.#tellCircuit(which, { kind: 'timer' });
    else if (what === 'dial') this.#dial(which);
    else if (what === 'load') this.#load([]);
    else if (what === 'wake') this.#tell({ kind: 'wake' });
    else {
      const job = this.#jobs.get(Number(which))!;
      this.#jobs.delete(job.job);
      this.#tell({ kind: 'opened', job: job.job, found: this.#options.open(this.#options.suite, job) });
    }
  }

  /** Reads what is on the disk, page by page, and begins. */
  #load(rows: Uint8Array[]): void {
    const request = this.#ask((outcome) => {
      if (outcome.kind !== 'rows') this.#effects.push({ kind: 'timer', name: 'load', delayMs: retryMs });
      else {
        rows.push(...outcome.rows.map(({ packet }) => packet));
        if (outcome.rows.length === rowsMax) this.#load(rows);
        else this.#begin(rows);
      }
    });
    const { length } = rows;
    const asked = { kind: 'read', request, context: this.#context, after: length, rowsMax } as const;
    this.#effects.push({ kind: 'store', request: asked });
  }

  #begin(rows: Uint8Array[]): void {
    const { domain, suite, limits, keys, stations, peers } = this.#options;
    const takes = (target: string): boolean => target === `psyc://${domain}/~bob`;
    const options = { domain, suite, limits, isWide: true, unsafe: false, takes };
    this.#listener = new Listener(options, this.#nowMs, beginUnixMs + this.#nowMs);
    this.#tell({ kind: 'loaded', ...readKept(rows) });
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
      case 'open': {
        const { job } = effect;
        this.#jobs.set(job.job, job);
        const delayMs = openMs + (job.job % openMsMore);
        this.#effects.push({ kind: 'timer', name: `open ${job.job}`, delayMs });
        break;
      }
      case 'remember': {
        const { batch, ...kept } = effect.batch;
        this.#write(kept, (isDurable) => this.#tell({ kind: 'remembered', batch, isDurable }));
        break;
      }
      case 'forget':
        this.#write({ tags: [], marks: [], burnt: effect.secrets, deposits: [] }, () => {});
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

  #write(kept: Kept, answer: (isDurable: boolean) => void): void {
    const packet = renderKept(kept);
    const id = this.#options.suite.random(32);
    const request = this.#ask(({ kind }) => answer(kind === 'written'));
    const author = new Uint8Array([1]);
    const operation = { op: 'append', context: this.#context, lease, author, id, packet } as const;
    this.#effects.push({ kind: 'store', request: { kind: 'write', request, operations: [operation] } });
  }

  #ask(answer: (outcome: StoreOutcome) => void): number {
    this.#asked.set(++this.#request, answer);
    return this.#request;
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
