/** Another domain: the circuit to it, and a log of what is on its way there. docs/spec/federation.md#router */
import { backoffMs } from '../circuit/backoff.ts';
import type { Arrival } from '../circuit/incoming-events.ts';
import { answeredIn, messageInRow } from '../circuit/message.ts';
import { encodeText } from '../psyc/bytes.ts';
import type { StoreCode } from '../store/errors.ts';
import type { Operation, Row } from '../store/store.ts';
import { type Desk, type Entity, lease, type Link, type LinkChange } from './desk.ts';
import type { FederationCode } from './error.ts';
import { Inbox, type InboxOwner, type Token } from './inbox.ts';
import {
  headingOf,
  isEcho,
  isRefusal,
  keepLetter,
  type Letter,
  parseLetter,
  readdress,
  refusalLetter,
} from './letter.ts';
import { faultOf } from './methods.ts';
import { type Outgoer, Outbox, outgoingRow, type OutboxOwner } from './outbox.ts';
import { nodeUniform } from './waking.ts';

/** When a row came into the log, Unix milliseconds: under a name that no one else's packet reaches a log with. */
const ACCEPTED = '_time';

/** Who dials while the other side dials, proves his circuit about as soon as the other's. */
const simultaneousMs = 5_000;

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
  /** Circuits that are ready; newest last. */
  readonly #ready = new Map<string, { readonly accepted: boolean; readonly sinceMs: number }>();
  #current: string | null = null;
  #dialling: string | null = null;
  #resting = false;
  #failures = 0;
  /** How long it was waited before the last dialling. */
  #restedMs = 0;
  /** Somebody wanted to send while there was no circuit. */
  #asked = false;
  /** Unnumbered letters that wait for a circuit, and are dropped with it. */
  #unsent: Letter[] = [];
  /** What came before it was known how much is on its way. */
  #held: Letter[] = [];
  /** Ways of which the store is asked how old their newest is. */
  readonly #aging = new Set<string>();
  /** Whether the store knows that this node must wake this peer. */
  #registered = false;

  constructor(domain: string, desk: Desk, circuits: Circuits) {
    this.#domain = domain;
    this.#context = nodeUniform(domain);
    this.#desk = desk;
    this.#circuits = circuits;
    this.#inbox = new Inbox(this.#context, desk, this, false);
    this.#outbox = new Outbox(this.#context, 'acknowledged', desk, this);
    this.#outbox.start(false);
  }

  get isUp(): boolean {
    return this.#current !== null;
  }

  /** The circuit that is used; null: none. */
  get circuit(): string | null {
    return this.#current;
  }

  /** All that are ready. */
  get circuits(): readonly string[] {
    return [...this.#ready.keys()];
  }

  /** The circuit that is used was opened from here. */
  get isOurs(): boolean {
    return this.#current !== null && this.#ready.get(this.#current)?.accepted === false;
  }

  /** It was dialled, and nobody was there. */
  get isUnreached(): boolean {
    return this.#current === null && this.#failures > 0;
  }

  /** A packet of a local entity: numbered ones are kept until the other side has answered. */
  take(letter: Letter): void {
    const { routing } = letter;
    // What a place shows one member is in its log, and asked for again.
    if (!routing.has('_counter') || routing.has('_context')) {
      this.#sendOnce(letter);
      return;
    }
    const fault = faultOf(letter);
    if (fault !== null) {
      this.#refuse(letter, fault);
      return;
    }
    const { federationLimits } = this.#desk.options;
    if (!this.#outbox.isKnown) {
      if (this.#held.length < federationLimits.lettersMax) this.#held.push(keepLetter(letter));
      return;
    }
    // Whoever says it keeps it until it is answered: silence means later.
    const hasRoom = this.#outbox.hasRoom(this.#inbox.count);
    const author = wayOf(routing.get('_source'), routing.get('_target'));
    const heading = { [ACCEPTED]: String(this.#desk.unixMs) };
    if (this.#inbox.take(letter, author, { missing: '_missing_counter' }, hasRoom, heading)) return;
    this.#refuse(letter, '_necessary_counter');
  }

  /** A packet of that domain that may answer one of ours: then the delivery is over. */
  answered({ routing, packet }: Letter): void {
    if (!isEcho(packet.method) && !isRefusal(packet.method)) return;
    const answered = answeredIn(packet, (name) => routing.get(name));
    if (answered === null) return;
    const { author, target, tag, counter } = answered;
    // Of what no entity there could be asked, that domain's node says so: it must name the very packet.
    const isNode = target === this.#context && isRefusal(packet.method) && counter !== null;
    this.#outbox.answered(author, isNode ? null : target, tag, counter);
  }

  known(): void {
    const held = this.#held;
    this.#held = [];
    for (const letter of held) this.take(letter);
    // The last life may have ended between the last answer and this.
    if (this.#outbox.isDone && this.#outbox.acknowledged > 0) {
      const operations = this.besideLast();
      if (operations.length > 0) this.#desk.ask({ kind: 'write', operations }, () => {});
    }
    this.#dial();
  }

  gaveUp(letter: Letter): void {
    this.#refuse(letter, '_delivery_timeout');
  }

  /** Everything is answered: this node need not wake this peer. Whatever is on its way to the log by now says so again behind it. */
  besideLast(): Operation[] {
    if (this.#inbox.count > 0) return [];
    this.#registered = false;
    return [this.#duty(0)];
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

  /** Somebody waits for it: where a circuit is wanted it is dialled now, however short a while ago that failed. (The timer of that rest finds nothing to do.) */
  hurry(): void {
    this.#resting = false;
    this.#dial();
  }

  /** Goes where the domain is found although somebody has come with its key; where that succeeds, whoever has come is given up. */
  goTo(): void {
    if (!this.isOurs && this.#dialling === null && !this.#resting) this.#dialling = this.#circuits.dial(this.#domain);
  }

  unwatch(changed: (change: LinkChange) => void): void {
    this.#watchers.delete(changed);
  }

  /** A circuit to the domain is ready. */
  ready(circuit: string, accepted: boolean): void {
    if (this.#dialling === circuit) this.#dialling = null;
    this.#asked = false;
    const { nowMs } = this.#desk;
    // Who proves another circuit has given the one before up, even where this node has not heard of it; unless both dialled.
    for (const [other, known] of [...this.#ready]) {
      if (known.accepted === accepted || nowMs - known.sinceMs > simultaneousMs) this.#drop(other);
    }
    this.#ready.set(circuit, { accepted, sinceMs: nowMs });
    if (this.#ready.size > 1 && this.#desk.domain < this.#domain) {
      // The circuit of the domain that comes first stays: the other domain closes its own, if it knows of ours at all.
      this.#desk.timer(`settle ${this.#domain}`, simultaneousMs, () => this.#settle());
      if (accepted) return;
    } else if (this.#ready.size > 1) {
      for (const [other, known] of [...this.#ready]) if (!known.accepted) this.#drop(other);
    }
    this.#use([...this.#ready.keys()].at(-1) ?? null);
  }

  /** A circuit to the domain is over; `heard`: the other side spoke on it. */
  closed(circuit: string, heard: boolean): void {
    const known = this.#ready.get(circuit);
    // Who proves and closes at once is dialled later and later.
    if (heard && known !== undefined && this.#desk.nowMs - known.sinceMs >= this.#restedMs) this.#failures = 0;
    if (this.#dialling === circuit) this.#dialling = null;
    this.#ready.delete(circuit);
    if (this.#current === circuit) this.#use([...this.#ready.keys()].at(-1) ?? null);
    if (this.#current !== null) return;
    // First contact takes a second circuit. Who is not reached then may be in an hour: nobody waits that long for what is not numbered.
    if (this.#failures > 0) {
      this.#unsent = [];
      this.#asked = false;
    }
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
    return this.#registered ? [] : [this.#duty(1)];
  }

  recorded(sequence: number, { packet }: Arrival<Token>): void {
    this.#registered = true;
    this.#outbox.appended(outgoingRow(this, { sequence, packet }));
    if (this.#current === null) this.#dial();
  }

  /** Durable here, which is not what its author waits for; said again, it goes again, so that the target may answer again. */
  acknowledged(token: Token, sequence: number | null): void {
    if (sequence !== null) return;
    const again = this.outgoing({ sequence: 0, packet: token.packet });
    if (this.#outbox.holds(again)) return;
    this.#sendOnce(again.letter);
    if (this.#current === null) this.#askAge(token);
  }

  /** Said again while nobody is there: what is older than anything may be on its way was given up, and its author was away. */
  #askAge(token: Token): void {
    const { author, target } = token.message;
    const way = wayOf(author, target);
    // Whoever says it says it again: the store is asked once at a time.
    if (this.#aging.has(way) || this.#aging.size >= this.#desk.options.federationLimits.lettersMax) return;
    this.#aging.add(way);
    this.#desk.ask({ kind: 'latest', context: this.#context, author: encodeText(way) }, (outcome) => {
      this.#aging.delete(way);
      const [row] = outcome.kind === 'rows' ? outcome.rows : [];
      if (row !== undefined && this.outgoing(row).untilMs <= this.#desk.nowMs)
        this.rejected(token, '_delivery_timeout');
    });
  }

  rejected({ message, method }: Token, code: FederationCode | StoreCode): void {
    this.#refuse(headingOf(message, method), code);
  }

  grown(last: number): void {
    this.#outbox.grown(last);
    if (this.#current === null) this.#dial();
  }

  stopped(): void {
    this.#outbox.stop();
  }

  outgoing({ packet: bytes }: Pick<Row, 'sequence' | 'packet'>): Outgoer & { untilMs: number } {
    const row = parseLetter(bytes);
    const { [ACCEPTED]: accepted, ...routing } = Object.fromEntries(row.routing);
    const { author, target, tag, counter } = messageInRow(row.packet);
    const { giveUpMsMax } = this.#desk.options.deliveryLimits;
    // Clocks are set: what seems to come from later counts from now.
    const ageMs = Math.max(0, this.#desk.unixMs - Number(accepted ?? this.#desk.unixMs));
    const untilMs = this.#desk.nowMs + giveUpMsMax - ageMs;
    return { letter: readdress(routing, row.packet), author, target, tag, counter, untilMs };
  }

  /** Sends what no log holds, or has it wait for the circuit that is being dialled. */
  #sendOnce(letter: Letter): void {
    if (this.#current === null && this.#unsent.length < this.#desk.options.federationLimits.lettersMax) {
      this.#unsent.push(keepLetter(letter));
    }
    this.send(letter);
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

  /** Both sides dialled, and the other has not closed its own circuit since: it knows nothing of the older. */
  #settle(): void {
    const newest = [...this.#ready.keys()].at(-1) ?? null;
    for (const other of [...this.#ready.keys()]) if (other !== newest) this.#drop(other);
    this.#use(newest);
  }

  #drop(circuit: string): void {
    this.#ready.delete(circuit);
    this.#circuits.close(circuit);
  }

  #duty(sequence: 0 | 1): Operation {
    return { op: 'member', context: nodeUniform(this.#desk.domain), lease, name: this.#context, sequence };
  }

  #refuse(letter: Letter, code: FederationCode | StoreCode): void {
    const answer = refusalLetter(letter, code, nodeUniform(this.#desk.domain));
    if (answer !== null) this.#desk.post(answer);
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
    const { deliveryLimits, suite } = this.#desk.options;
    const mostMs = backoffMs(this.#failures++, deliveryLimits.retryMsMin, deliveryLimits.retryMsMax);
    // Who lost each other at one moment must not dial each other at one moment for ever.
    this.#restedMs = Math.round(mostMs / 2 + (mostMs / 2) * (suite.random(1)[0]! / 255));
    this.#desk.timer(`dial ${this.#domain}`, this.#restedMs, () => {
      this.#resting = false;
      this.#dial();
    });
  }
}

/** Who speaks to whom: numbers count by that. */
const wayOf = (source: string | undefined, target: string | undefined): string => `${source} ${target}`;
