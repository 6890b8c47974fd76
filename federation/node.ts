/** One server's step: circuits, a router, and entities that know nothing of each other. docs/spec/federation.md#node */
import { PsycError } from '../psyc/error.ts';
import { parseEntity, type Uniform } from '../psyc/uniform.ts';
import type { StoreOutcome } from '../store/store.ts';
import { Audience } from './audience.ts';
import type { Authority } from './authority.ts';
import { type CircuitsOwner, NodeCircuits } from './circuits.ts';
import type { Asked, Desk, Entity, Link } from './desk.ts';
import type { FederationCode } from './error.ts';
import type { NodeEffect, NodeEvent, NodeOptions } from './events.ts';
import { domainOf, entityOf, type Letter, refusalLetter } from './letter.ts';
import { membershipEcho } from './methods.ts';
import { Peer } from './peer.ts';
import { Person } from './person.ts';
import { nodeUniform, Place } from './place.ts';
import { Roll } from './roll.ts';

/** One life of a node. */
export class FederationNode implements Desk, CircuitsOwner {
  readonly options: NodeOptions;
  nowMs = 0;
  #effects: NodeEffect[] = [];
  readonly #circuits: NodeCircuits;
  readonly #persons = new Map<string, Person>();
  readonly #places = new Map<string, Place>();
  readonly #audiences = new Map<string, Audience>();
  readonly #peers = new Map<string, Peer>();
  /** What the last life left to be done: peers to whom something is on its way, places with members elsewhere. */
  readonly #duties: Roll;
  readonly #timers = new Map<string, () => void>();
  #posted: Letter[] = [];
  #request = 0;
  readonly #asked = new Map<number, (outcome: StoreOutcome) => void>();

  constructor(options: NodeOptions) {
    this.options = options;
    this.#circuits = new NodeCircuits(options, this);
    this.#duties = new Roll(
      nodeUniform(options.domain),
      this,
      () => this.#wake(),
      () => {},
    );
  }

  /** Takes one event and gives the effects, in order. `nowMs` never goes back. Never throws, whatever the bytes. */
  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.nowMs = nowMs;
    this.#effects = [];
    this.#take(event);
    this.#deliver();
    return this.#effects;
  }

  /** Lengths of all queues and tables, by name: the longest of each kind. */
  queues(): (readonly [string, number])[] {
    const longest = new Map<string, number>([
      ['circuits of the node', this.#circuits.count],
      ['peers', this.#peers.size],
      ['entities', this.#persons.size + this.#places.size + this.#audiences.size],
      ['questions', this.#asked.size],
    ]);
    for (const entities of [this.#persons, this.#places, this.#audiences, this.#peers]) {
      for (const entity of (entities as Map<string, Entity>).values()) {
        for (const [name, length] of entity.queues()) longest.set(name, Math.max(length, longest.get(name) ?? 0));
      }
    }
    return [...longest];
  }

  ask(asked: Asked, answer: (outcome: StoreOutcome) => void): void {
    const request = ++this.#request;
    this.#asked.set(request, answer);
    this.effect({ kind: 'store', request: { ...asked, request } });
  }

  timer(name: string, delayMs: number, happen: () => void): void {
    this.#timers.set(name, happen);
    this.effect({ kind: 'timer', name, delayMs });
  }

  post(letter: Letter): void {
    if (this.#posted.length < this.options.federationLimits.postedMax) this.#posted.push(letter);
  }

  postToAll(letter: Letter, persons: Iterable<string>): void {
    for (const person of persons) this.#persons.get(person)?.hear(letter);
  }

  linkTo(domain: string): Link | null {
    return this.#peer(domain);
  }

  effect(effect: NodeEffect): void {
    this.#effects.push(effect);
  }

  onReady(circuit: string, authority: Authority, accepted: boolean): void {
    if (authority.kind === 'server') {
      const peer = this.#peer(authority.domain);
      if (peer === null) this.#circuits.giveUp(circuit, '_excessive_peers');
      else peer.ready(circuit, accepted);
      return;
    }
    const person = this.#person(authority.person);
    if (person === null) {
      this.#circuits.giveUp(circuit, '_excessive_entities');
      return;
    }
    const attached = person.attach(authority.device, circuit);
    if (typeof attached === 'string') this.#circuits.giveUp(circuit, attached);
    else if (attached.replaced !== null) this.#circuits.close(attached.replaced);
  }

  onWritable(circuit: string, authority: Authority): void {
    if (authority.kind === 'server') this.#peers.get(authority.domain)?.writable(circuit);
  }

  onClosed(circuit: string, authority: Authority, heard: boolean): void {
    if (authority.kind === 'server') this.#peers.get(authority.domain)?.closed(circuit, heard);
    else this.#persons.get(authority.person)?.detach(authority.device, circuit);
  }

  onLetter(letter: Letter, authority: Authority): void {
    this.#route(letter, authority);
    this.#deliver();
  }

  #take(event: NodeEvent): void {
    switch (event.kind) {
      case 'started':
        this.#duties.load();
        break;
      case 'opened':
        this.#circuits.opened(event.circuit, event.peer, event.accepted);
        break;
      case 'bytes':
      case 'drained':
      case 'ended':
      case 'failed':
        this.#circuits.tell(event.circuit, event);
        break;
      case 'timer': {
        if (event.name.startsWith('circuit ')) {
          this.#circuits.tell(event.name.slice('circuit '.length), { kind: 'timer' });
          break;
        }
        const happen = this.#timers.get(event.name);
        this.#timers.delete(event.name);
        happen?.();
        break;
      }
      case 'stored': {
        const answer = this.#asked.get(event.outcome.request);
        this.#asked.delete(event.outcome.request);
        answer?.(event.outcome);
        break;
      }
    }
  }

  /** Routes what entities have posted, and what that makes them post. */
  #deliver(): void {
    for (let at = 0; at < this.#posted.length; at++) this.#route(this.#posted[at]!, null);
    this.#posted = [];
  }

  /** `from`: what brought the letter; null for an entity of this node. */
  #route(letter: Letter, from: Authority | null): void {
    const { routing } = letter;
    const target = routing.get('_target');
    const context = routing.get('_context');
    if (target === undefined) {
      // Between the ends of a circuit, or to the root: nothing is asked of either yet.
      if (context !== undefined && from !== null) this.#audience(context)?.take(letter);
      return;
    }
    const domain = domainOf(target);
    if (from?.kind === 'server') {
      if (domain !== this.options.domain) {
        // Never relayed between two other domains.
        this.#refuse(letter, '_invalid_target');
        return;
      }
      this.#peers.get(from.domain)?.answered(letter);
    }
    if (domain === this.options.domain) this.#toEntity(letter, target, from);
    else {
      const peer = this.#peer(domain);
      if (peer === null) this.#refuse(letter, '_excessive_peers');
      else peer.take(letter);
    }
  }

  #toEntity(letter: Letter, target: string, from: Authority | null): void {
    const uniform = entityOrNull(target);
    const name = entityOf(target);
    if (uniform?.kind === 'place') this.#hand(letter, this.#place(name));
    else if (uniform?.kind === 'person' && this.options.isPerson(uniform.name)) {
      // A place elsewhere tells somebody here that he is a member: whoever passes its multicasts on must know first.
      const isMembership = from?.kind === 'server' && membershipEcho(letter.packet.method) !== null;
      if (isMembership && !letter.routing.has('_context')) {
        this.#hand(letter, this.#audience(letter.routing.get('_source') ?? nodeUniform(from.domain)));
      } else this.#hand(letter, this.#person(name));
    } else this.#refuse(letter, '_unknown_target');
  }

  #hand(letter: Letter, entity: Entity | null): void {
    if (entity === null) this.#refuse(letter, '_excessive_entities');
    else entity.take(letter);
  }

  #refuse(letter: Letter, code: FederationCode): void {
    const answer = refusalLetter(letter, code, nodeUniform(this.options.domain));
    if (answer !== null) this.post(answer);
  }

  #person(uniform: string): Person | null {
    return this.#awake(this.#persons, uniform, () => {
      const send = (circuit: string, letter: Letter): boolean => this.#circuits.send(circuit, letter);
      return new Person(uniform, this, send);
    });
  }

  #place(uniform: string): Place | null {
    return this.#awake(this.#places, uniform, () => new Place(uniform, this));
  }

  #audience(context: string): Audience | null {
    return this.#awake(this.#audiences, context, () => {
      const pass = (letter: Letter): void =>
        this.#persons.get(entityOf(letter.routing.get('_target') ?? ''))?.take(letter);
      return new Audience(context, this, pass);
    });
  }

  #peer(domain: string): Peer | null {
    let peer = this.#peers.get(domain);
    if (peer === undefined) {
      if (this.#peers.size >= this.options.federationLimits.peersMax) return null;
      peer = new Peer(domain, this, this.#circuits);
      this.#peers.set(domain, peer);
    }
    return peer;
  }

  /** The entity, woken if need be; null when too many are awake. */
  #awake<E>(entities: Map<string, E>, uniform: string, wake: () => E): E | null {
    let entity = entities.get(uniform);
    if (entity === undefined) {
      const { size: persons } = this.#persons;
      if (persons + this.#places.size + this.#audiences.size >= this.options.federationLimits.entitiesMax) return null;
      entity = wake();
      entities.set(uniform, entity);
    }
    return entity;
  }

  #wake(): void {
    for (const name of this.#duties.members.keys()) {
      if (entityOrNull(name)?.kind === 'place') this.#place(name);
      else this.#peer(domainOf(name));
    }
  }
}

/** The parts of a uniform that an entity of ours may have, or null. */
function entityOrNull(text: string): Uniform | null {
  try {
    return parseEntity(text);
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
}
