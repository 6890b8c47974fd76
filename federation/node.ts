/** One server's step: circuits, a router, and entities that know nothing of each other. docs/spec/federation.md#node */
import type { Proved, ServerAnswer, ServerQuestion } from '../circuit/server-handshake.ts';
import type { PublicationCode } from '../publication/error.ts';
import type { DnsStatement } from '../pki/dns-statement.ts';
import type { StoreOutcome } from '../store/store.ts';
import { answerAdmin } from './admin.ts';
import { type Absent, Authors, type Found } from './keys/authors.ts';
import { type Asker, type CircuitsOwner, NodeCircuits } from './circuits.ts';
import { faultOf, personIn } from './people/claims.ts';
import type { Asked, Entity, Link, MetFor, Whose } from './desk.ts';
import type { FederationCode } from './error.ts';
import { Duties } from './duties.ts';
import { Entities } from './entities.ts';
import type { NodeEffect, NodeEvent, NodeOptions, Notice } from './events.ts';
import { Followers } from './people/followers.ts';
import { Founders } from './places/founders.ts';
import { isAboutFriendship } from './people/friendship.ts';
import type { Hearers } from './places/hearers.ts';
import { KeySearch } from './keys/key-search.ts';
import { carrierOf, domainOf, entityIn, entityOf, isNumbered, isPerson, type Letter, refusalLetter } from './letter.ts';
import { Meetings } from './trust/meetings.ts';
import { isPlacesWord, membershipEcho } from './methods.ts';
import type { Mor } from './onions/mor.ts';
import { morFor } from './onions/mor-owner.ts';
import { Peers } from './peers.ts';
import { isUnasked } from './people/person-channel.ts';
import type { PkiAnswer, PkiQuestion } from './keys/pki.ts';
import { PlainPeers } from './plain/plain-peers.ts';
import { longestQueues } from './queues.ts';
import { Publishers } from './feeds/publishers.ts';
import { Questions } from './questions.ts';
import { Requests } from './places/requests.ts';
import { readServerKey } from './keys/server-key.ts';
import type { TrustOwner, Ways } from './trust/trust-owner.ts';
import { Trusts } from './trust/trust.ts';
import { type Visiting, visitingOf } from './visitors/visiting.ts';
import { Witnesses } from './trust/witnesses.ts';
import { nodeUniform } from './waking.ts';
import { waysOf } from './ways.ts';

/** One life of a node. */
export class FederationNode implements TrustOwner, CircuitsOwner {
  readonly options: NodeOptions;
  readonly domain: string;
  nowMs = 0;
  unixMs = 0;
  #effects: NodeEffect[] = [];
  readonly #circuits: NodeCircuits;
  /** Grows whenever a channel of a person comes or goes. */
  #channelsStamp = 0;
  readonly #peers: Peers;
  readonly ways: Ways;
  readonly #plain: PlainPeers;
  readonly #duties: Duties;
  readonly #timers = new Map<string, () => void>();
  #posted: Letter[] = [];
  #isDelivering = false;
  readonly #questions: Questions;
  readonly #trusts: Trusts;
  readonly #search = new KeySearch(this);
  readonly #authors: Authors;
  readonly #publishers: Publishers;
  readonly #visiting: Visiting;
  readonly #meetings = new Meetings(this);
  readonly #requests: Requests;
  readonly #entities: Entities;
  readonly #followers = new Followers();
  /** null: it has no part in the flood of cells. */
  readonly #mor: Mor | null;

  constructor(options: NodeOptions) {
    this.options = options;
    this.domain = options.identity.domain;
    this.#questions = new Questions(options.federationLimits, (effect) => this.effect(effect));
    this.#circuits = new NodeCircuits(this);
    this.#plain = new PlainPeers(this);
    this.#trusts = new Trusts(this);
    const counts = (domain: string): boolean => this.#trusts.policy.ruleOf(domain) !== 'limit';
    const witnesses = new Witnesses(this, () => this.#peers.up().filter(counts));
    this.#authors = new Authors(this, this.#search, witnesses);
    this.#publishers = new Publishers(this, this.#authors);
    this.#visiting = visitingOf(this, this.#authors, witnesses);
    this.#requests = new Requests(options.federationLimits.requestsMax);
    this.#peers = new Peers(this, this.#requests.watched(this.#circuits));
    this.ways = waysOf(this.#peers, this.#circuits);
    this.#entities = new Entities({
      desk: this,
      circuits: this.#circuits,
      founders: new Founders(this),
      authors: this.#authors,
      visiting: this.#visiting,
      peers: this.#peers,
      mail: {
        effect: (effect) => this.effect({ kind: 'mail', effect }),
        release: (onion) => this.#mor?.release(onion),
      },
    });
    this.#mor = morFor(this, this.#circuits, this.#peers, this.#trusts.policy, this.#entities, this.#search);
    this.#duties = new Duties({ desk: this, entities: this.#entities, plain: this.#plain, peers: this.#peers });
  }

  /**
   * Takes one event and gives the effects, in order. `nowMs` never goes back; `unixMs` counts from 1970, as well as anybody
   * knows. Never throws, whatever the bytes.
   */
  step(event: NodeEvent, nowMs: number, unixMs: number): readonly NodeEffect[] {
    this.nowMs = nowMs;
    this.unixMs = unixMs;
    this.#effects = [];
    this.#take(event);
    this.#deliver();
    return this.#effects;
  }

  /** Lengths of all queues and tables, by name: the longest of each kind. */
  queues(): (readonly [string, number])[] {
    const parts = [this.#circuits, this.#authors, this.#visiting.visits, this.#search, this.#trusts, this.#questions];
    const more = [this.#plain, this.#entities, ...(this.#mor === null ? [] : [this.#mor]), ...this.#peers.values()];
    const known: [string, number][] = [
      ['peers', this.#peers.size],
      ['meetings', this.#meetings.count],
      ['requests', this.#requests.count],
    ];
    return longestQueues(known, [...parts, ...more]);
  }

  ask(asked: Asked, answer: (outcome: StoreOutcome) => void): void {
    this.#questions.ask(asked, answer);
  }

  askPki(question: PkiQuestion, answer: (answer: PkiAnswer) => void, whose?: Whose): void {
    this.#questions.askPki(question, answer, whose);
  }

  lookUp(domain: string, isChange: boolean, found: (statement: DnsStatement) => void): void {
    this.#questions.lookUp(domain, isChange, found);
  }

  notify(notice: Notice): void {
    this.effect({ kind: 'notice', notice });
  }

  timer(name: string, delayMs: number, happen: () => void): void {
    this.#timers.set(name, happen);
    this.effect({ kind: 'timer', name, delayMs });
  }

  post(letter: Letter): void {
    if (this.#posted.length < this.options.federationLimits.postedMax) this.#posted.push(letter);
  }

  postToAll(letter: Letter, hearers: Hearers): void {
    const find = (person: string, circuits: string[]): void =>
      this.#entities.personAwake(person)?.addCircuits(circuits);
    this.#circuits.sendToAll(hearers.circuits(this.#channelsStamp, find), letter);
  }

  follow(person: string, others: readonly string[]): void {
    this.#followers.follow(person, others);
  }

  tellFollowers(letter: Letter, friends?: ReadonlySet<string>): void {
    this.#followers.tell(letter, friends, (person) => this.#entities.personAwake(person)?.take(letter));
  }

  meet(domain: string, whose: MetFor): boolean {
    return this.#meetings.meet(domain, whose);
  }

  linkTo(domain: string): Link | null {
    return this.#plain.get(domain) ?? this.#peers.open(domain);
  }

  effect(effect: NodeEffect): void {
    this.#effects.push(effect);
  }

  readonly blocked = (domain: string): FederationCode | null => this.#trusts.policy.faultOf(domain);

  findVisit(visitor: string, found: (untilMs: number | Absent) => void): void {
    this.#visiting.visits.find(visitor, found);
  }

  findAuthor(person: string, device: Uint8Array, found: (author: Found) => void): void {
    this.#authors.find(person, device, found);
  }

  findPublisher(person: string, device: Uint8Array, carrier: string, found: (author: Found) => void): void {
    this.#publishers.find(person, device, carrier, found);
  }

  refuse(letter: Letter, code: FederationCode | PublicationCode): void {
    const answer = refusalLetter(letter, code, nodeUniform(this.domain));
    if (answer !== null) this.post(answer);
  }

  onQuestion(question: ServerQuestion, by: Asker, answer: (answer: ServerAnswer) => void): void {
    if (question.kind === 'server key') readServerKey(this, question, by, answer);
    else if (question.kind === 'admission' && question.peer.kind === 'server') {
      this.#trusts.admit(question, by.accepted, answer);
    } else {
      const code = faultOf(question, this.domain);
      if (code !== null) answer({ kind: 'refused', code });
      else {
        const person = this.#entities.inhabitant(personIn(question));
        if (person === null) answer({ kind: 'refused', code: '_excessive_entities' });
        else person.ask(question, answer);
      }
    }
  }

  onReady(circuit: string, proved: Proved, accepted: boolean): void {
    if (proved.kind === 'server') {
      const peer = this.#peers.open(proved.domain);
      if (peer === null) this.#circuits.giveUp(circuit, '_excessive_peers');
      else {
        this.notify({ kind: 'connected', domain: proved.domain });
        peer.ready(circuit, accepted);
        this.#trusts.ready(proved.domain);
        this.#mor?.ready(proved.domain);
      }
      return;
    }
    const person = this.#entities.inhabitant(proved.person);
    if (person === null) {
      this.#circuits.giveUp(circuit, '_excessive_entities');
      return;
    }
    this.#channelsStamp++;
    const attached = person.attach(proved.channel, circuit, proved.device);
    if (typeof attached === 'string') this.#circuits.giveUp(circuit, attached);
    else if (attached.replaced !== null) this.#circuits.close(attached.replaced);
  }

  onWritable(circuit: string, proved: Proved): void {
    if (proved.kind === 'server') this.#peers.get(proved.domain)?.writable(circuit);
    else this.#entities.personAwake(proved.person)?.writable(proved.channel);
  }

  readonly onRefused: CircuitsOwner['onRefused'] = (domain, code) => this.#trusts.ownKey.refusedBy(domain, code);

  onClosed(circuit: string, proved: Proved | null, domain: string | null, heard: boolean): void {
    if (proved?.kind === 'client') {
      this.#channelsStamp++;
      this.#entities.inhabitantAwake(proved.person)?.detach(proved.channel, circuit);
    } else if (domain !== null) {
      if (proved !== null) this.notify({ kind: 'disconnected', domain });
      const peer = this.#peers.get(domain);
      peer?.closed(circuit, heard);
      if (peer?.isUp === false) for (const part of [this.#trusts, this.#mor, this.#entities]) part?.lost(domain);
    }
  }

  onLetter(letter: Letter, from: Proved): void {
    this.#route(letter, from);
    this.#deliver();
  }

  #take(event: NodeEvent): void {
    switch (event.kind) {
      case 'started':
        this.#duties.load();
        this.#visiting.ledger.begin();
        this.#trusts.policy.load();
        this.#mor?.start();
        break;
      case 'mor':
        this.#mor?.told(event.event);
        break;
      case 'mail':
        this.#entities.mailTold(event.event);
        break;
      case 'asked':
        answerAdmin(this, this.#trusts, this.#entities, this.#search, this.#mor, event);
        break;
      case 'opened':
        if (event.plain !== undefined) this.#plain.opened(event.circuit, event.plain, event.accepted);
        else this.#circuits.opened(event.circuit, event.exported, event.accepted, event.address ?? null);
        break;
      case 'bytes':
      case 'drained':
      case 'ended':
      case 'failed':
        if (!this.#plain.tell(event.circuit, event)) this.#circuits.tell(event.circuit, event);
        break;
      case 'timer': {
        const { name } = event;
        if (name.startsWith('circuit ')) {
          const circuit = name.slice('circuit '.length);
          if (!this.#plain.tell(circuit, { kind: 'timer' })) this.#circuits.tell(circuit, { kind: 'timer' });
        } else if (name.startsWith('prove ')) this.#circuits.provingEnded(name.slice('prove '.length));
        else {
          const happen = this.#timers.get(name);
          this.#timers.delete(name);
          happen?.();
        }
        break;
      }
      case 'stored':
      case 'answered':
      case 'looked up':
        this.#questions.take(event);
        break;
      case 'announced':
      case 'domain key':
        this.#trusts.told(event);
        break;
      case 'key':
        // Who is not awake reads it when he wakes.
        this.#entities.personAwake(event.amended.person)?.amend(event.amended);
        break;
    }
  }

  /** Routes what entities have posted, and what that makes them post. */
  #deliver(): void {
    if (this.#isDelivering) return;
    this.#isDelivering = true;
    for (let at = 0; at < this.#posted.length; at++) this.#route(this.#posted[at]!, null);
    this.#isDelivering = false;
    this.#posted = [];
  }

  /** `from`: what brought the letter; null for an entity of this node. */
  #route(letter: Letter, from: Proved | null): void {
    if (this.#entities.publications.route(letter, from)) return;
    const { routing } = letter;
    const [target, context] = [routing.get('_target'), routing.get('_context')];
    if (target === undefined) {
      // Between the ends of a circuit, or to the root: nothing is asked of either yet.
      if (context === undefined || from?.kind !== 'server') return;
      if (this.#mor?.heard(letter, from.domain) === true) return;
      if (isPerson(context)) this.tellFollowers(letter);
      else this.#entities.audience(context)?.take(letter);
      return;
    }
    // That is said by places and nodes, and by nobody's device.
    if (from?.kind === 'client' && isPlacesWord(letter.packet.method)) return;
    const domain = carrierOf(target);
    if (from?.kind === 'server') {
      if (domain !== this.domain) {
        // Never relayed between two other domains.
        this.refuse(letter, '_invalid_target');
        return;
      }
      this.#peers.get(from.domain)?.answered(letter);
      const isMembership = !letter.routing.has('_context') && membershipEcho(letter.packet.method) !== null;
      // A place elsewhere says that somebody here is a member: only if he asked it to make him one.
      const isAsked = this.#requests.answered(letter);
      // A visitor hears nothing of his places through us.
      if (isMembership && domainOf(target) === this.domain) {
        // Whoever passes its multicasts on must know first.
        if (isAsked) this.#hand(letter, this.#entities.audience(letter.routing.get('_source')!));
        return;
      }
    }
    const by = from?.kind === 'client' ? from.person : null;
    if (from?.kind !== 'server' && this.#mor?.asked(letter, by) === true) return;
    if (from !== null && isUnasked(letter, from, (name) => this.#entities.inhabitantAwake(name))) return;
    // What two people agree on is known at both homes: at ours first.
    if (by !== null && isAboutFriendship(letter.packet.method) && isNumbered(letter)) {
      if (domainOf(by) !== this.domain) this.refuse(letter, '_necessary_home');
      else this.#entities.person(by)?.offer(letter, (passed) => this.#forward(passed, domain, by));
    } else this.#forward(letter, domain, by);
  }

  #forward(letter: Letter, domain: string, by: string | null): void {
    const plain = this.#plain.get(domain);
    if (domain === this.domain) this.#toEntity(letter, letter.routing.get('_target')!);
    else if (plain !== undefined) plain.take(letter);
    else if (this.#trusts.policy.faultOf(domain) === '_trust_blocked') this.refuse(letter, '_trust_blocked');
    else {
      const peer = this.#peers.reach(domain, by);
      if (by !== null) this.#search.standIn(letter);
      if (typeof peer === 'string') this.refuse(letter, peer);
      else peer.take(letter);
    }
  }

  #toEntity(letter: Letter, target: string): void {
    const uniform = entityIn(target);
    const name = entityOf(target);
    if (uniform?.kind === 'node' && !isNumbered(letter)) {
      if (this.#mor?.take(letter) !== true && !this.#trusts.take(letter) && !this.#visiting.visits.take(letter))
        this.#authors.answered(letter);
    } else if (uniform?.kind === 'node') this.refuse(letter, '_unsupported_method');
    else if (uniform?.kind === 'place' && uniform.host === this.domain) this.#hand(letter, this.#entities.place(name));
    else if (uniform?.host === this.domain && this.#visiting.reports.take(letter)) return;
    else if (uniform?.kind === 'person' && uniform.host === this.domain)
      this.#hand(letter, this.#entities.person(name));
    else if (uniform?.kind === 'person') this.#entities.inhabitantAwake(name)?.take(letter);
    else if (!this.#entities.serve(letter, name)) this.refuse(letter, '_unknown_target');
  }

  #hand(letter: Letter, entity: Entity | null): void {
    if (entity === null) this.refuse(letter, '_excessive_entities');
    else entity.take(letter);
  }
}
