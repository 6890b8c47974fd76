/** Another domain: the circuit to it, and a log of what is on its way there. docs/spec/federation.md#router */
import { backoffMs } from '../circuit/backoff.ts';
import type { Arrival } from '../circuit/incoming-events.ts';
import { answeredIn, messageInRow } from '../circuit/message.ts';
import type { StoreCode } from '../store/errors.ts';
import type { Operation, Row } from '../store/store.ts';
import { type Desk, type Entity, lease, type Link, type LinkChange } from './desk.ts';
import type { FederationCode } from './error.ts';
import { Inbox, type InboxOwner, type Token } from './inbox.ts';
import { headingOf, isEcho, isRefusal, keepLetter, type Letter, parseLetter, refusalLetter } from './letter.ts';
import { type Outgoer, Outbox, outgoingRow, type OutboxOwner } from './outbox.ts';
import { nodeUniform } from './place.ts';

/** What a peer has its node do with circuits. */
export interface Circuits {
  /** Opens a circuit to the domain and gives its name. */
  dial(domain: string): string;
  send(circuit: string, letter: Letter): boolean;
  close(circuit: string): void;
}

/** One domain. */
export class Peer implements Entity, InboxOwner, OutboxOwner, Link {
  readonly #domain: string;
  readonly #context: string;
  readonly #desk: Desk;
  readonly #circuits: Circuits;
  readonly #inbox: Inbox;
  readonly #outbox: Outbox;
  readonly #watchers = new Set<(change: LinkChange) => void>();
  /** Circuits that are ready, by whether this node opened them; newest last. */
  readonly #ready = new Map<string, boolean>();
  #current: string | null = null;
  #dialling: string | null = null;
  #resting = false;
  #failures = 0;
  /** Somebody wanted to send while there was no circuit. */
  #asked = false;
  /** Unnumbered letters that wait for a circuit, and are dropped with it. */
  #unsent: Letter[] = [];
  /** What came before it was known how much is on its way. */
  #held: Letter[] = [];
  /** Whether the store knows that this node must wake this peer. */
  #registered = false;

  constructor(domain: string, desk: Desk, circuits: Circuits) {
    this.#domain = domain;
    this.#context = nodeUniform(domain);
    this.#desk = desk;
    this.#circuits = circuits;
    this.#inbox = new Inbox(this.#context, desk, this);
    this.#outbox = new Outbox(this.#context, 'acknowledged', desk, this);
    this.#outbox.start(false);
  }

  get isUp(): boolean {
    return this.#current !== null;
  }

  /** A packet of a local entity: numbered ones are kept until the other side has answered. */
  take(letter: Letter): void {
    const { routing } = letter;
    // What a place shows one member is in its log, and asked for again.
    if (!routing.has('_counter') || routing.has('_context')) {
      if (this.#current === null && this.#unsent.length < this.#desk.options.federationLimits.lettersMax) {
        this.#unsent.push(keepLetter(letter));
      }
      this.send(letter);
      return;
    }
    const { deliveryLimits, federationLimits } = this.#desk.options;
    const { backlogMax } = deliveryLimits;
    if (!this.#outbox.isKnown) {
      if (this.#held.length < federationLimits.lettersMax) this.#held.push(keepLetter(letter));
      return;
    }
    // Whoever says it keeps it until it is answered: silence means later.
    const hasRoom = this.#outbox.backlog + this.#inbox.count < backlogMax;
    const author = wayOf(routing.get('_source'), routing.get('_target'));
    if (this.#inbox.take(letter, author, {}, hasRoom)) return;
    const answer = refusalLetter(letter, '_necessary_counter', this.#context);
    if (answer !== null) this.#desk.post(answer);
  }

  /** A packet of that domain that may answer one of ours: then the delivery is over. */
  answered({ routing, packet }: Letter): void {
    if (!isEcho(packet.method) && !isRefusal(packet.method)) return;
    const answered = answeredIn(packet, (name) => routing.get(name));
    if (answered === null) return;
    this.#outbox.answered(wayOf(answered.author, answered.target), answered.tag, answered.counter);
  }

  known(): void {
    const held = this.#held;
    this.#held = [];
    for (const letter of held) this.take(letter);
    this.#dial();
  }

  send(letter: Letter): boolean {
    if (this.#current !== null) return this.#circuits.send(this.#current, letter);
    this.#asked = true;
    this.#dial();
    return false;
  }

  /** A circuit to the domain has room again. */
  writable(circuit: string): void {
    if (circuit === this.#current) this.#tellWatchers('writable');
  }

  watch(changed: (change: LinkChange) => void): void {
    this.#watchers.add(changed);
    this.#dial();
  }

  unwatch(changed: (change: LinkChange) => void): void {
    this.#watchers.delete(changed);
  }

  /** A circuit to the domain is ready. */
  ready(circuit: string, accepted: boolean): void {
    if (this.#dialling === circuit) this.#dialling = null;
    this.#asked = false;
    // A peer who opens another circuit has given the one before up, even where this node has not heard of it.
    for (const [other, otherAccepted] of [...this.#ready]) if (otherAccepted === accepted) this.#drop(other);
    this.#ready.set(circuit, accepted);
    // Both sides may have dialled: the circuit of the domain that comes first stays, and the other domain closes its own.
    const isOursFirst = this.#desk.domain < this.#domain;
    const all = [...this.#ready];
    if (isOursFirst && accepted && all.some(([, otherAccepted]) => !otherAccepted)) return;
    if (!isOursFirst && all.some(([, otherAccepted]) => otherAccepted)) {
      for (const [other, otherAccepted] of all) if (!otherAccepted) this.#drop(other);
    }
    this.#use([...this.#ready.keys()].at(-1) ?? null);
  }

  /** A circuit to the domain is over; `heard`: the other side spoke on it. */
  closed(circuit: string, heard: boolean): void {
    if (heard) this.#failures = 0;
    if (this.#dialling === circuit) this.#dialling = null;
    this.#ready.delete(circuit);
    if (this.#current === circuit) this.#use([...this.#ready.keys()].at(-1) ?? null);
    if (this.#current !== null) return;
    // Who was not reached now may be reached in an hour: nobody waits that long for what is not numbered.
    this.#unsent = [];
    this.#rest();
  }

  /** Nothing is on its way there, and nobody wants it to be reachable. */
  get isIdle(): boolean {
    const isQuiet = this.#held.length + this.#unsent.length === 0 && this.#inbox.count === 0 && this.#outbox.isDone;
    return isQuiet && this.#watchers.size === 0 && this.#dialling === null && !this.#resting;
  }

  /** Gives its circuits up, to be forgotten. */
  leave(): void {
    this.#outbox.stop();
    for (const circuit of [...this.#ready.keys()]) this.#drop(circuit);
  }

  queues(): [string, number][] {
    return [
      ...this.#inbox.queues(),
      ...this.#outbox.queues(),
      ['letters', this.#held.length + this.#unsent.length],
      ['backlog', this.#outbox.backlog],
      ['circuits', this.#ready.size],
    ];
  }

  beside(): Operation[] {
    if (this.#registered) return [];
    const context = nodeUniform(this.#desk.domain);
    return [{ op: 'member', context, lease, name: this.#context, sequence: 1 }];
  }

  recorded(sequence: number, { packet }: Arrival<Token>): void {
    this.#registered = true;
    this.#outbox.appended(outgoingRow(this, { sequence, packet }));
    if (this.#current === null) this.#dial();
  }

  /** Durable here, which is not what its author waits for; said again, it goes again, so that the target may answer again. */
  acknowledged({ packet }: Token, sequence: number | null): void {
    if (sequence !== null) return;
    const again = this.outgoing({ sequence: 0, packet });
    if (!this.#outbox.holds(again)) this.send(again.letter);
  }

  rejected({ message, method }: Token, code: FederationCode | StoreCode): void {
    const answer = refusalLetter(headingOf(message, method), code, this.#context);
    if (answer !== null) this.#desk.post(answer);
  }

  grown(last: number): void {
    this.#outbox.grown(last);
    if (this.#current === null) this.#dial();
  }

  stopped(): void {
    this.#outbox.stop();
  }

  outgoing({ packet: bytes }: Pick<Row, 'sequence' | 'packet'>): Outgoer {
    const letter = parseLetter(bytes);
    const { author, target, tag, counter } = messageInRow(letter.packet);
    return { letter, author: wayOf(author, target), tag, counter };
  }

  #use(circuit: string | null): void {
    const before = this.#current;
    this.#current = circuit;
    if (before === circuit) return;
    const unsent = this.#unsent;
    this.#unsent = [];
    if (circuit !== null) for (const letter of unsent) this.#circuits.send(circuit, letter);
    this.#tellWatchers(circuit === null ? 'disconnected' : 'connected');
  }

  #tellWatchers(change: LinkChange): void {
    this.#outbox.changed(change);
    for (const changed of [...this.#watchers]) changed(change);
  }

  #drop(circuit: string): void {
    this.#ready.delete(circuit);
    this.#circuits.close(circuit);
  }

  /** Opens a circuit where one is wanted and none is there, is coming, or was given up a moment ago. */
  #dial(): void {
    const isWanted = this.#asked || this.#watchers.size > 0 || !this.#outbox.isDone;
    if (!isWanted || this.#current !== null || this.#dialling !== null || this.#resting) return;
    this.#dialling = this.#circuits.dial(this.#domain);
  }

  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`dial ${this.#domain}`, backoffMs(this.#failures++, retryMsMin, retryMsMax), () => {
      this.#resting = false;
      this.#dial();
    });
  }
}

/** Who speaks to whom: numbers count by that, tags are told apart by it. */
const wayOf = (source: string | undefined, target: string | undefined): string => `${source} ${target}`;
