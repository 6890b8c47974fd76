/** The circuits of one node: bytes become packets with what they may speak for, and packets bytes. docs/spec/federation.md#authority */
import { type Circuit, type CircuitEvent, newCircuit, stepCircuit } from '../circuit/circuit.ts';
import { PsycError } from '../psyc/error.ts';
import { type Authority, mayGo } from './authority.ts';
import type { FederationCode } from './error.ts';
import type { NodeEffect, NodeOptions } from './events.ts';
import { canonical, type Letter, letterBytes, newLetter } from './letter.ts';

/** What circuits tell the router. */
export interface CircuitsOwner {
  readonly nowMs: number;
  effect(effect: NodeEffect): void;
  onReady(circuit: string, authority: Authority, accepted: boolean): void;
  onLetter(letter: Letter, authority: Authority): void;
  /** There is room again after `send` gave false. */
  onWritable(circuit: string, authority: Authority): void;
  onClosed(circuit: string, authority: Authority, heard: boolean): void;
}

interface Entry {
  readonly circuit: Circuit;
  readonly authority: Authority;
  readonly accepted: boolean;
}

const uniforms = ['_source', '_target', '_context', '_source_relay'] as const;

/** All circuits, by name. */
export class NodeCircuits {
  readonly #options: NodeOptions;
  readonly #owner: CircuitsOwner;
  readonly #circuits = new Map<string, Entry>();
  #dialled = 0;
  #rendered: { readonly letter: Letter; readonly bytes: Uint8Array } | null = null;

  constructor(options: NodeOptions, owner: CircuitsOwner) {
    this.#options = options;
    this.#owner = owner;
  }

  get count(): number {
    return this.#circuits.size;
  }

  /** Asks for a stream to a domain; gives the circuit's name. */
  dial(domain: string): string {
    const name = `out ${this.#options.life}.${++this.#dialled}`;
    const authority: Authority = { kind: 'server', domain };
    this.#circuits.set(name, { circuit: newCircuit(false, this.#options.circuitLimits), authority, accepted: false });
    this.#owner.effect({ kind: 'connect', circuit: name, to: domain });
    this.tell(name, { kind: 'dialled' });
    return name;
  }

  /** A stream stands: one of ours, or somebody else's. */
  opened(name: string, peer: string, accepted: boolean): void {
    if (accepted) {
      const authority = this.#options.authorityOf(peer);
      if (authority === null || this.#circuits.size >= this.#options.federationLimits.circuitsMax) {
        this.#owner.effect({ kind: 'close', circuit: name });
        return;
      }
      this.#circuits.set(name, { circuit: newCircuit(true, this.#options.circuitLimits), authority, accepted });
    }
    this.tell(name, { kind: 'opened' });
  }

  /** Brings a circuit an event; gives false when it did not send what it was to send. */
  tell(name: string, event: CircuitEvent): boolean {
    const entry = this.#circuits.get(name);
    if (entry === undefined) return false;
    let isTaken = true;
    for (const effect of stepCircuit(entry.circuit, event, this.#owner.nowMs)) {
      switch (effect.kind) {
        case 'write':
          this.#owner.effect({ kind: 'write', circuit: name, bytes: effect.bytes });
          break;
        case 'close':
          this.#owner.effect({ kind: 'close', circuit: name });
          break;
        case 'timer':
          this.#owner.effect({ kind: 'timer', name: `circuit ${name}`, delayMs: effect.delayMs });
          break;
        case 'ready':
          this.#owner.onReady(name, entry.authority, entry.accepted);
          break;
        case 'packet':
          // What came behind a packet for which the circuit was closed counts for nothing.
          if (this.#circuits.get(name) === entry)
            this.#take(name, entry, { routing: effect.routing, packet: effect.packet });
          break;
        case 'refused':
          isTaken = false;
          // A device that misses one multicast asks for it only when it knows: so it is made to come again.
          if (entry.authority.kind === 'client' && this.#circuits.get(name) === entry) this.#shut(name, entry);
          break;
        case 'writable':
          this.#owner.onWritable(name, entry.authority);
          break;
        case 'closed':
          if (this.#circuits.get(name) === entry) this.#forget(name, entry);
          break;
      }
    }
    return isTaken;
  }

  /** Sends what this circuit may be told; false when there is no room for it. What may never go is dropped. */
  send(name: string, letter: Letter): boolean {
    const entry = this.#circuits.get(name);
    if (entry === undefined) return false;
    if (mayGo(entry.authority, letter.routing, this.#options.domain) !== null) return true;
    const bytes = this.#bytesOf(letter);
    return bytes === null || this.tell(name, { kind: 'send', bytes });
  }

  /** Closes a circuit without telling the owner, who wants it so. */
  close(name: string): void {
    if (this.#circuits.delete(name)) this.#owner.effect({ kind: 'close', circuit: name });
  }

  /** One error packet, then the end. */
  giveUp(name: string, code: FederationCode): void {
    const entry = this.#circuits.get(name);
    if (entry === undefined) return;
    const letter = newLetter({ routing: {}, entity: { _code: code }, method: `_error${code}` });
    this.tell(name, { kind: 'send', bytes: letterBytes(letter) });
    if (this.#circuits.get(name) === entry) this.#shut(name, entry);
  }

  /** The letter's bytes, rendered once for all circuits that it goes to in a row; null when it does not fit a packet. */
  #bytesOf(letter: Letter): Uint8Array | null {
    if (this.#rendered?.letter === letter) return this.#rendered.bytes;
    try {
      this.#rendered = { letter, bytes: letterBytes(letter) };
    } catch (error) {
      if (!(error instanceof PsycError)) throw error;
      return null;
    }
    return this.#rendered.bytes;
  }

  #take(name: string, entry: Entry, letter: Letter): void {
    const routing = new Map(letter.routing);
    for (const variable of uniforms) {
      const text = routing.get(variable);
      if (text === undefined) continue;
      const uniform = canonical(text);
      if (uniform === null) {
        this.giveUp(name, '_invalid_entity');
        return;
      }
      routing.set(variable, uniform);
    }
    const code = this.#options.mayCome(entry.authority, routing, this.#options.domain);
    if (code !== null) this.giveUp(name, code);
    else this.#owner.onLetter({ routing, packet: letter.packet }, entry.authority);
  }

  #shut(name: string, entry: Entry): void {
    this.#owner.effect({ kind: 'close', circuit: name });
    this.#forget(name, entry);
  }

  #forget(name: string, { authority, circuit }: Entry): void {
    this.#circuits.delete(name);
    this.#owner.onClosed(name, authority, circuit.heardFirst);
  }
}
