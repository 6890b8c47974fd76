/** The circuits of one node: bytes become proofs, then packets of somebody who may say them, and packets bytes. docs/spec/circuit-proof.md */
import { Authority, judge } from '../circuit/authority.ts';
import type { Exported } from '../circuit/binding.ts';
import { Challenges } from '../circuit/challenge.ts';
import { type CircuitEvent, drainAlike, newCircuit, sendAlike, stepCircuit } from '../circuit/circuit.ts';
import { proofLimits } from '../circuit/proof-limits.ts';
import {
  type HandshakeEffect,
  type Proved,
  type ServerAnswer,
  ServerHandshake,
  type ServerQuestion,
} from '../circuit/server-handshake.ts';
import { ownText } from '../psyc/bytes.ts';
import { PsycError } from '../psyc/error.ts';
import { GroupMap } from '../psyc/group-map.ts';
import { render } from '../psyc/render.ts';
import { BorderCheck, type Border, signedBy } from './border.ts';
import type { Entry } from './circuit-entry.ts';
import type { NodeEffect, NodeOptions } from './events.ts';
import { canonical, carrierOf, entityOf, type Letter, letterBytes } from './letter.ts';
import { isFromVisitor } from './visitors/visits.ts';

/** On which circuit something is to be proved. `accepted`: one that the other end has opened; `address`: where that is, null where nobody knows. */
export type Asker = Pick<Entry, 'accepted' | 'address'>;

/** What circuits tell the router. */
export interface CircuitsOwner extends Border {
  readonly options: NodeOptions;
  readonly nowMs: number;
  readonly unixMs: number;
  effect(effect: NodeEffect): void;
  /** Somebody wants to prove something: answers now or later, once. */
  onQuestion(question: ServerQuestion, by: Asker, answer: (answer: ServerAnswer) => void): void;
  onReady(circuit: string, peer: Proved, accepted: boolean): void;
  onLetter(letter: Letter, peer: Proved): void;
  /** There is room again after `send` gave false. */
  onWritable(circuit: string, peer: Proved): void;
  /** This domain, or whoever is where it is found, refuses us with this code. */
  onRefused(domain: string, code: string): void;
  /** `domain`: whose server it is, or was to be. */
  onClosed(circuit: string, peer: Proved | null, domain: string | null, heard: boolean): void;
}

const uniforms = ['_source', '_target', '_context', '_source_relay'] as const;

/** Until its end is proved, a circuit takes proofs only. */
const provingLimits = { contentBytesMax: 3 * proofLimits.evidenceBytesMax + 8192, entityModifiersMax: 32 };

/** All circuits, by name. */
export class NodeCircuits {
  readonly #options: NodeOptions;
  readonly #owner: CircuitsOwner;
  readonly #circuits = new GroupMap<Entry>();
  readonly #challenges = new Challenges();
  /** This node, to servers; and to its own clients, who take its word for others. */
  readonly #own = new Authority();
  readonly #home = new Authority(true);
  /** Uniforms in their one form, by how they came. */
  readonly #known = new Map<string, string>();
  #dialled = 0;
  #rendered: { readonly letter: Letter; readonly bytes: Uint8Array } | null = null;

  constructor(owner: CircuitsOwner) {
    this.#options = owner.options;
    this.#owner = owner;
    for (const own of [this.#own, this.#home]) own.proveHost(this.#options.identity.domain);
  }

  get count(): number {
    return this.#circuits.size;
  }

  /** Where the other end is; null: nobody knows. */
  addressOf(name: string): string | null {
    return this.#circuits.get(name)?.address ?? null;
  }

  queues(): [string, number][] {
    let unchecked = 0;
    for (const { check } of this.#circuits.values()) unchecked = Math.max(unchecked, check.waiting);
    return [
      ['circuits of the node', this.#circuits.size],
      ['unchecked', unchecked],
    ];
  }

  /** Asks for a stream to a domain; gives the circuit's name. */
  dial(domain: string): string {
    const name = `out ${this.#options.life}.${++this.#dialled}`;
    this.#circuits.set(name, this.#newEntry(name, domain));
    this.#owner.effect({ kind: 'connect', circuit: name, to: domain });
    this.tell(name, { kind: 'dialled' });
    return name;
  }

  /** A stream stands: one of ours, or somebody else's. */
  opened(name: string, exported: Exported | null, accepted: boolean, address: string | null): void {
    if (accepted) {
      if (this.#circuits.size >= this.#options.federationLimits.circuitsMax) {
        this.#owner.effect({ kind: 'close', circuit: name });
        return;
      }
      this.#circuits.set(name, this.#newEntry(name, null));
    }
    const entry = this.#circuits.get(name);
    if (entry === undefined) return;
    entry.exported = exported;
    entry.address = address;
    this.tell(name, { kind: 'opened' });
  }

  /** Brings a circuit an event; gives false when it did not send what it was to send. */
  tell(name: string, event: CircuitEvent): boolean {
    const entry = this.#circuits.get(name);
    if (entry === undefined) return false;
    if (event.kind === 'drained' && drainAlike(entry.circuit, event.bytes)) return true;
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
          this.#prove(name, entry);
          break;
        case 'packet': {
          // What came behind a packet for which the circuit was closed counts for nothing.
          if (this.#circuits.get(name) !== entry) break;
          const { packet, routing } = effect;
          const { nowMs, unixMs } = this.#owner;
          if (entry.peer !== null) this.#take(name, entry, entry.peer, { routing, packet });
          else if (entry.handshake !== null) {
            const route = (variable: string): string | undefined => routing.get(variable);
            this.#perform(name, entry, entry.handshake.packet(packet, route, unixMs, nowMs));
          }
          break;
        }
        case 'refused':
          isTaken = false;
          this.#owner.effect({ kind: 'full', circuit: name });
          // A device that misses one multicast asks for it only when it knows: it is told when there is room again.
          if (entry.peer?.kind === 'client') entry.hasMissed = true;
          else if (entry.peer === null && this.#circuits.get(name) === entry) this.#shut(name, entry);
          break;
        case 'writable':
          if (entry.peer === null) break;
          if (entry.hasMissed) {
            entry.hasMissed = false;
            this.tell(name, { kind: 'send', bytes: render({ method: '_notice_missed' }) });
          }
          this.#owner.onWritable(name, entry.peer);
          break;
        case 'closed':
          if (this.#circuits.get(name) === entry) {
            if (!['_circuit_lost', '_circuit_ended'].includes(effect.code)) this.#noteRefusal(effect.code, entry);
            this.#forget(name, entry);
          }
          break;
      }
    }
    return isTaken;
  }

  /** A circuit that has not proved itself by now never will. */
  provingEnded(name: string): void {
    if (this.#circuits.get(name)?.peer === null) this.giveUp(name, '_proof_timeout');
  }

  /** Sends what this circuit may be told; false when there is no room for it. What may never go is dropped. */
  send(name: string, letter: Letter): boolean {
    const entry = this.#circuits.get(name);
    if (entry === undefined || entry.peer === null) return false;
    if (!this.#mayGo(entry.peer, entry.authority, letter)) return true;
    const bytes = this.#bytesOf(letter);
    return bytes === null || this.tell(name, { kind: 'send', bytes });
  }

  /** A multicast to clients: encoded once, and one effect for all. Who has no room for it asks for it when he has. */
  sendToAll(names: readonly string[], letter: Letter): void {
    const relay = letter.routing.get('_source_relay');
    // What is signed or said by nobody everybody may hear; else see `#mayGo`.
    const isForAll = relay === undefined || signedBy(letter) !== null;
    const bytes = this.#bytesOf(letter);
    if (bytes === null) return;
    const { nowMs } = this.#owner;
    // As a rule it goes to all of them, and the names are not copied.
    let some: string[] | null = null;
    const entries = this.#circuits.group(names);
    for (let at = 0; at < names.length; at++) {
      const entry = entries[at];
      const mayGo =
        entry !== undefined && entry.peer !== null && (isForAll || this.#mayGo(entry.peer, entry.authority, letter));
      if (mayGo && sendAlike(entry.circuit, bytes, nowMs)) some?.push(names[at]!);
      else {
        some ??= names.slice(0, at);
        if (mayGo) this.tell(names[at]!, { kind: 'send', bytes });
      }
    }
    const circuits = some ?? names;
    if (circuits.length > 0) this.#owner.effect({ kind: 'write all', circuits, bytes });
  }

  /** Closes a circuit without telling the owner, who wants it so. */
  close(name: string): void {
    this.#circuits.get(name)?.check.stop();
    if (!this.#circuits.delete(name)) return;
    this.#owner.effect({ kind: 'close', circuit: name });
    this.#clean(name);
  }

  /** One error packet, then the end. */
  giveUp(name: string, code: string): void {
    const entry = this.#circuits.get(name);
    if (entry === undefined) return;
    this.#noteRefusal(code, entry);
    const bytes = render({
      entity: { _code: code },
      method: `_error${code}`,
      data: 'This circuit is closed: [_code].',
    });
    this.tell(name, { kind: 'send', bytes });
    if (this.#circuits.get(name) === entry) this.#shut(name, entry);
  }

  #newEntry(name: string, domain: string | null): Entry {
    const { circuitLimits, decode } = this.#options;
    return {
      circuit: newCircuit(domain === null, circuitLimits, decode, provingLimits),
      accepted: domain === null,
      domain,
      exported: null,
      address: null,
      handshake: null,
      peer: null,
      authority: new Authority(),
      hasMissed: false,
      check: new BorderCheck(this.#owner, (code) => this.giveUp(name, code)),
    };
  }

  #prove(name: string, entry: Entry): void {
    const { identity, suite, origins } = this.#options;
    const { domain, exported } = entry;
    entry.handshake = new ServerHandshake({
      suite,
      identity,
      // Its key may have a successor by now: whether it is the right one is for trust to say.
      dialled: domain === null ? null : { domain, expected: null },
      exported,
      origins,
      challenges: this.#challenges,
      circuit: name,
    });
    this.#owner.effect({ kind: 'timer', name: `prove ${name}`, delayMs: proofLimits.provingMsMax });
    this.#perform(name, entry, entry.handshake.start());
  }

  #perform(name: string, entry: Entry, effects: readonly HandshakeEffect[]): void {
    for (const effect of effects) {
      if (this.#circuits.get(name) !== entry) return;
      switch (effect.kind) {
        case 'write':
          this.tell(name, { kind: 'send', bytes: effect.bytes });
          break;
        case 'ask':
          this.#owner.onQuestion(effect.question, entry, (answer) => {
            if (this.#circuits.get(name) !== entry || entry.handshake === null) return;
            this.#perform(name, entry, entry.handshake.answer(answer));
          });
          break;
        case 'admitted':
          entry.circuit.parser.setLimits();
          break;
        case 'proved': {
          const { peer } = effect;
          if (peer.kind === 'server') entry.authority.proveHost(peer.domain);
          else entry.authority.provePerson(peer.person);
          entry.peer = peer;
          entry.handshake = entry.exported = null;
          this.#owner.effect({ kind: 'cancel', name: `prove ${name}` });
          this.#challenges.forget(name);
          this.#owner.onReady(name, peer, entry.accepted);
          break;
        }
        case 'failed':
          if (!effect.byPeer) this.giveUp(name, effect.code);
          else {
            this.#noteRefusal(effect.code, entry);
            if (entry.domain !== null) this.#owner.onRefused(entry.domain, effect.code);
            this.#shut(name, entry);
          }
          break;
      }
    }
  }

  #take(name: string, entry: Entry, peer: Proved, letter: Letter): void {
    const { method } = letter.packet;
    // With its last packet a server says why it closes a circuit that has stood.
    const isLast = peer.kind === 'server' && letter.routing.size === 0 && method?.startsWith('_error_') === true;
    if (isLast) this.#owner.onRefused(peer.domain, method.slice('_error'.length));
    const routing = new Map(letter.routing);
    for (const variable of uniforms) {
      const text = routing.get(variable);
      if (text === undefined) continue;
      const uniform = this.#canonical(text);
      if (uniform === null) {
        this.giveUp(name, '_invalid_entity');
        return;
      }
      routing.set(variable, uniform);
    }
    const own = peer.kind === 'server' ? this.#own : this.#home;
    const checked = { routing, packet: letter.packet };
    entry.check.take(checked, peer, entry.authority, own, (passed) => {
      if (this.#circuits.get(name) === entry) this.#owner.onLetter(passed, peer);
    });
  }

  /** `canonical`, remembered: the same few people and places are named in most packets. */
  #canonical(text: string): string | null {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    const uniform = canonical(text);
    if (uniform === null) return null;
    if (this.#known.size >= this.#options.federationLimits.namesMax) this.#known.clear();
    this.#known.set(ownText(text), uniform);
    return uniform;
  }

  /** What may go out: a server is told only what this domain says, or what an author signed, and only about itself. */
  #mayGo(peer: Proved, authority: Authority, letter: Letter): boolean {
    const { routing } = letter;
    if (peer.kind === 'client') {
      // His own server may tell a client everything, but what he is said to have said: that he must have signed.
      const relay = routing.get('_source_relay');
      if (relay === undefined || entityOf(relay) !== peer.person) return true;
    } else {
      const target = routing.get('_target');
      if (target !== undefined && carrierOf(target) !== peer.domain) return false;
      // What a visitor of ours says, which nobody but his own circuit brings.
      if (isFromVisitor(letter, this.#options.identity.domain)) return !routing.has('_source_relay');
    }
    const [own, route] = [peer.kind === 'server' ? this.#own : this.#home, (name: string) => routing.get(name)];
    return judge(own, authority, route, signedBy(letter)).allowed;
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

  /** Names a domain that is proved, or that was dialled: what a peer only claims to be is not worth a line. */
  #noteRefusal(code: string, { peer, domain: dialled }: Entry): void {
    const domain = peer?.kind === 'server' ? peer.domain : dialled;
    this.#owner.effect({ kind: 'notice', notice: { kind: 'refused', code, domain } });
  }

  #shut(name: string, entry: Entry): void {
    this.#owner.effect({ kind: 'close', circuit: name });
    this.#forget(name, entry);
  }

  /** Nothing is left of a circuit that is over. */
  #clean(name: string): void {
    this.#challenges.forget(name);
    for (const timer of ['circuit', 'prove']) this.#owner.effect({ kind: 'cancel', name: `${timer} ${name}` });
  }

  #forget(name: string, { peer, domain, circuit, check }: Entry): void {
    check.stop();
    this.#circuits.delete(name);
    this.#clean(name);
    // What was greeted and then refused proved nothing: it is dialled later and later.
    this.#owner.onClosed(
      name,
      peer,
      peer?.kind === 'server' ? peer.domain : domain,
      circuit.heardFirst && peer !== null,
    );
  }
}
