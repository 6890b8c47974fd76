/** A person at home: devices that are here, and a log of what was said to him for those that are not. docs/spec/federation.md#persons */
import { isMainChannel } from '../../circuit/channel.ts';
import type { Arrival } from '../../circuit/incoming-events.ts';
import { messageOf } from '../../circuit/message.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { inherits } from '../../psyc/keyword.ts';
import { SparseMap, SparseSet } from '../../psyc/sparse.ts';
import type { StoreCode } from '../../store/errors.ts';
import type { Operation, Row } from '../../store/store.ts';
import { Circle } from './circle.ts';
import { type Closed, Closing, type ClosingOwner } from './closing.ts';
import type { Desk, Entity } from '../desk.ts';
import { forgettingOf, markOf } from './device-marks.ts';
import type { FederationCode } from '../error.ts';
import type { AmendedKey } from '../events.ts';
import { type ErrandOwner, Errands } from './errands.ts';
import { Friendship, isAboutFriendship, wordIn } from './friendship.ts';
import { Inbox, type InboxOwner, type Token } from '../inbox.ts';
import { isKeyReport } from '../keys/key-reports.ts';
import { tellKeys } from '../keys/keys-told.ts';
import {
  answerLetter,
  entityOf,
  headingOf,
  isAtHome,
  isEcho,
  isNumbered,
  isPerson,
  isRefusal,
  keepLetter,
  type Letter,
  refusalLetter,
} from '../letter.ts';
import { echoOf } from '../methods.ts';
import type { FormerNames } from '../keys/moves.ts';
import { type Outgoer, Outbox, outgoingRow, type OutboxOwner } from '../outbox.ts';
import { Presence, type PresenceOwner, presenceOf } from './presence.ts';
import { Addressed, type Channel } from './person-channel.ts';
import { tellProfile } from './profile.ts';
import { faultOf, namesIn, type Note, personsRow, strangersIn, strangersOf, treatmentIn } from './reception.ts';
import { Residence } from './residence.ts';
import { absenceBy } from './tombstone.ts';

/** What a person has its node do with circuits. */
export interface PersonCircuits {
  send(circuit: string, letter: Letter): boolean;
  giveUp(circuit: string, code: string): void;
}

/** One person of this node. */
export class Person implements Entity, InboxOwner, OutboxOwner, PresenceOwner, ErrandOwner, ClosingOwner {
  readonly uniform: string;
  readonly desk: Desk;
  readonly residence: Residence;
  readonly circle: Circle;
  readonly friendship: Friendship;
  readonly presence: Presence;
  /** Nobody lives here any more, and nothing is left to be done. */
  readonly gone: () => void;
  readonly #circuits: PersonCircuits;
  readonly #names: FormerNames;
  readonly #inbox: Inbox;
  readonly #errands: Errands;
  readonly #closing: Closing;
  readonly #channels = new SparseMap<string, Channel>();
  /** Those of them that presence does not know of yet. */
  readonly #arriving = new SparseSet<string>();
  /** What came before it was known whether anybody lives here. */
  #held: Letter[] = [];

  constructor(uniform: string, desk: Desk, circuits: PersonCircuits, names: FormerNames, gone: () => void) {
    this.uniform = uniform;
    this.desk = desk;
    this.gone = gone;
    this.#circuits = circuits;
    this.#names = names;
    this.#inbox = new Inbox(uniform, desk, this);
    this.circle = new Circle(uniform, desk, this);
    this.presence = new Presence(this);
    this.friendship = new Friendship(uniform, desk, this.circle, this);
    this.#errands = new Errands(this);
    this.residence = new Residence(uniform, desk, this);
    this.#closing = new Closing(this);
  }

  get isIdle(): boolean {
    return this.isQuiet && !this.#closing.isLeaving;
  }

  /** Whether nothing is on its way to the store, and nobody is here. */
  get isQuiet(): boolean {
    const isQuiet = this.#held.length === 0 && this.#inbox.count === 0 && this.#errands.count === 0;
    const parts = [this.residence, this.circle, this.friendship, this.presence];
    return this.#channels.size === 0 && isQuiet && parts.every((part) => part.isIdle);
  }

  /** He has decided anew whom he blocks or ignores, or who his friends are. */
  ruled(): void {
    this.presence.changed();
  }

  /** The device that has this channel; null: no such channel is here. */
  deviceOf(channel: string): Uint8Array | null {
    return this.#channels.get(channel)?.device ?? null;
  }

  /** Somebody has added to his key: whom it lets in no more goes. */
  amend(amended: AmendedKey): void {
    this.residence.amend(amended, (code) => this.dismissDevices(code));
  }

  /** Whether a device of the person's is here. */
  get isHere(): boolean {
    return this.#channels.size > 0;
  }

  dismissDevices(code: string): void {
    for (const { circuit } of [...this.#channels.values()]) this.#circuits.giveUp(circuit, code);
  }

  /** `key`: of whom the identity says so; null: the admin does. */
  close(key: Uint8Array | null, done: (outcome: Closed) => void): void {
    const { keys } = this.residence;
    if (keys === null) {
      done('_closed_account');
      return;
    }
    this.#closing.close(key ?? keys.key, keys.fingerprint, key === null, (outcome) => {
      done(outcome);
      // Behind the answer, which is on its way.
      if (outcome === 'closed') this.desk.timer(`closed ${this.uniform}`, 0, () => this.#shut());
    });
  }

  /** Somebody registers or logs in. */
  ask(...question: Parameters<Residence['ask']>): void {
    this.residence.ask(...question);
  }

  /**
   * A channel of a device is here, by its uniform; what a main channel has not acknowledged is sent. Gives the circuit that
   * it had before, or null; or the code of why it may not stay.
   */
  attach(channel: string, circuit: string, device: Uint8Array): { replaced: string | null } | FederationCode {
    // He was let in just before it was closed.
    if (this.residence.isKnown && this.residence.keys === null) return '_closed_account';
    if (this.residence.account.isFrozen) return '_frozen_account';
    this.residence.account.seen();
    const before = this.#channels.get(channel);
    if (before === undefined && this.#channels.size >= this.desk.options.federationLimits.devicesMax)
      return '_excessive_devices';
    before?.outbox?.stop();
    const owner: OutboxOwner = {
      outgoing: (row) => this.outgoing(row),
      send: (letter) => this.#circuits.send(circuit, letter),
    };
    const outbox = isMainChannel(channel) ? new Outbox(this.uniform, markOf(channel), this.desk, owner) : null;
    const addressed = before?.addressed ?? new Addressed(this.desk.options.federationLimits.addressedMax);
    this.#channels.set(channel, { circuit, device, outbox, addressed });
    outbox?.start(true);
    if (outbox !== null) this.#showFriends(circuit);
    if (before === undefined) this.#arriving.add(channel);
    if (this.circle.isKnown) this.#arrive();
    else this.circle.load();
    return { replaced: before?.circuit ?? null };
  }

  /** The circuit of a channel is over. */
  detach(channel: string, circuit: string): void {
    const there = this.#channels.get(channel);
    if (there?.circuit !== circuit) return;
    there.outbox?.stop();
    this.#channels.delete(channel);
    if (this.#arriving.delete(channel)) return;
    this.presence.went(there.device, there.outbox !== null);
  }

  /** The circuit of a channel has room again. */
  writable(channel: string): void {
    const there = this.#channels.get(channel);
    if (there === undefined || there.outbox === null) return;
    there.outbox.changed('writable');
    this.#showFriends(there.circuit);
  }

  take(letter: Letter): void {
    if (!this.residence.isKnown) {
      this.#hold(letter);
      return;
    }
    const { keys } = this.residence;
    if (keys === null) {
      if (!isEcho(letter.packet.method) && !isRefusal(letter.packet.method))
        this.#refuse(letter, absenceBy(this.residence.tombstone, this.desk));
      else this.#closing.answered(letter);
      return;
    }
    if (!this.circle.isKnown) {
      this.#hold(letter);
      this.circle.load();
      return;
    }
    const { routing, packet } = letter;
    const [source, target, method] = [routing.get('_source') ?? '', routing.get('_target') ?? '', packet.method];
    const [isOwn, isForChannel] = [isAtHome(source, this.uniform), target !== this.uniform];
    if (this.friendship.vacated(letter)) return;
    if (isPerson(routing.get('_context') ?? '') && !this.#channels.has(target)) this.presence.heard(letter);
    else if (target === presenceOf(this.uniform) && method === '_request_presence') this.presence.asked(source);
    else if (isOwn && isEcho(method) && !isForChannel) {
      const outbox = this.#channels.get(source)?.outbox;
      outbox?.answeredSequence(packet.text('_sequence') ?? '');
    } else if (isForChannel && isNumbered(letter)) this.#refuse(letter, '_invalid_target');
    else if (isForChannel) {
      const there = this.#channels.get(target);
      if (there !== undefined) this.#circuits.send(there.circuit, letter);
    } else if (method === '_request_description') tellProfile(this.desk, this.uniform, this.circle, letter);
    else if (method === '_request_keys') tellKeys(this.desk, this.uniform, this.residence, letter);
    else if (method !== null && inherits(method, '_message')) this.#receive(letter, source, null);
    else if (isAboutFriendship(method)) this.#agree(letter, source);
    else if (isOwn && this.#errands.take(letter)) return;
    else if (isNumbered(letter) || (method !== null && inherits(method, '_request'))) {
      this.#refuse(letter, '_unsupported_method');
    } else if (isKeyReport(letter) || this.circle.expects(entityOf(source))) this.hear(letter);
  }

  /** Whom a channel that is here has addressed; null: no such channel is. */
  addressedBy(channel: string): Addressed | null {
    return this.#channels.get(channel)?.addressed ?? null;
  }

  /** A word of one of our devices about friendship, to be kept here before it is passed on. */
  offer(letter: Letter, pass: (letter: Letter) => void): void {
    // The circle is being read since the device came, and what it says is said again until it is answered.
    if (this.circle.isKnown) this.friendship.say(letter, pass, (code) => this.#refuse(letter, code));
  }

  /** Adds the circuits of the main channels that are here, for something that goes to all of them and is kept for none. */
  addCircuits(circuits: string[]): void {
    for (const { circuit, outbox } of this.#channels.values()) if (outbox !== null) circuits.push(circuit);
  }

  queues(): [string, number][] {
    const windows = [...this.#channels.values()].flatMap(({ outbox }) => outbox?.queues() ?? []);
    const held: [string, number][] = [
      ['devices', this.#channels.size],
      ['letters', this.#held.length],
      ['errands', this.#errands.count],
    ];
    return [...this.#inbox.queues(), ...this.circle.queues(), ...this.presence.queues(), ...held, ...windows];
  }

  outgoing(row: Pick<Row, 'sequence' | 'packet'>): Outgoer {
    return personsRow(this.uniform, row);
  }

  send(letter: Letter): boolean {
    this.hear(letter);
    return true;
  }

  beside({ id, token: { message, note } }: Arrival<Token>): Operation[] {
    const { isStranger, friendship } = note as Note;
    const { author } = message;
    const entry = isStranger ? [this.circle.strangersEntry(author, id)] : [];
    if (friendship === null) return entry;
    return [...entry, ...this.friendship.operationsOf(entityOf(author), friendship.pair, friendship.word)];
  }

  recorded(sequence: number, { id, packet, token: { message, note } }: Arrival<Token>): void {
    const { isStranger, friendship } = note as Note;
    const { author } = message;
    if (isStranger) this.circle.strangerWrote(author, id, sequence);
    if (friendship !== null) this.friendship.heard(entityOf(author), friendship.pair, friendship.word);
    if (this.#channels.size === 0) return;
    const row = outgoingRow(this, { sequence, packet });
    for (const { outbox } of this.#channels.values()) outbox?.appended(row);
  }

  acknowledged({ message, method, note }: Token, sequence: number | null): void {
    const answer = (): void => this.desk.post(answerLetter(message, echoOf(method)));
    if (sequence !== null || (note as Note).friendship === null) answer();
    else this.friendship.recheck(entityOf(message.author), answer);
  }

  rejected({ message, method, note }: Token, code: FederationCode | StoreCode): void {
    if ((note as Note).friendship !== null) this.friendship.unheard(entityOf(message.author));
    this.#refuse(headingOf(message, method), code);
  }

  stopped(): void {
    for (const { outbox } of this.#channels.values()) outbox?.stop();
  }

  grown(last: number): void {
    for (const { outbox } of this.#channels.values()) outbox?.grown(last);
  }

  /** How it is with friends, to a device that comes, or had no room for some of it. */
  #showFriends(circuit: string): void {
    for (const letter of this.presence.letters()) this.#circuits.send(circuit, letter);
  }

  #hold(letter: Letter): void {
    if (this.#held.length < this.desk.options.federationLimits.lettersMax) this.#held.push(keepLetter(letter));
  }

  /** Somebody's word about friendship: what both have said before is looked up first. */
  #agree(letter: Letter, source: string): void {
    const word = wordIn(letter);
    if (word === null || !isNumbered(letter)) {
      this.#refuse(letter, word === null ? '_necessary_signature' : '_necessary_counter');
      return;
    }
    const kept = keepLetter(letter);
    this.friendship.withPair(entityOf(source), (pair) => {
      if (pair !== null) this.#receive(kept, source, { pair, word });
    });
  }

  /** Into the log, where its author may write; a stranger's under limits, and marked as his. */
  #receive(letter: Letter, source: string, friendship: Note['friendship']): void {
    const author = entityOf(source);
    const message = messageOf(letter.packet, (name) => letter.routing.get(name));
    if (message === null) {
      this.#refuse(letter, '_necessary_counter');
      return;
    }
    const names = namesIn(letter, author, this.#names);
    if (treatmentIn(this.circle, names) === 'ignore') {
      // He is not to know.
      this.desk.post(answerLetter(message, echoOf(letter.packet.method!)));
      return;
    }
    const isStranger = !names.some((name) => this.circle.knows(name));
    const note: Note = { isStranger, friendship };
    const bytes = letter.packet.length;
    const limits = this.desk.options.federationLimits;
    const queued = (): string[] => strangersIn(this.#inbox.queued);
    const judge = (): FederationCode | null => faultOf(this.circle, limits, names, note, bytes, queued);
    const heading: Record<string, string> = isStranger ? { _target_relay: strangersOf(this.uniform) } : {};
    this.#inbox.take(letter, source, { missing: '_missing_counter', judge, note }, true, heading);
  }

  /** Nobody lives here from now on. */
  #shut(): void {
    const closedMs = this.residence.tombstone?.closedMs ?? this.desk.unixMs;
    this.residence.closed({ closedMs, isLeaving: true });
    this.dismissDevices('_closed_account');
    this.presence.graceOver(true);
    this.#closing.leave();
  }

  /** Channels that came count for presence once it is known who the friends are. */
  #arrive(): void {
    for (const name of this.#arriving) {
      const channel = this.#channels.get(name);
      if (channel !== undefined) this.presence.came(channel.device, channel.outbox !== null);
    }
    this.#arriving.clear();
  }

  /** One of his parts knows what it has to. */
  loaded(): void {
    if (this.residence.tombstone?.isLeaving === true && !this.#closing.isLeaving) this.#shut();
    if (this.circle.isKnown) this.#arrive();
    const held = this.#held;
    this.#held = [];
    for (const letter of held) this.take(letter);
  }

  /** These devices have lost their place. */
  revoked(ids: readonly Uint8Array[]): void {
    for (const { circuit, device } of [...this.#channels.values()]) {
      if (ids.some((id) => equalBytes(id, device))) this.#circuits.giveUp(circuit, '_revoked_device');
    }
    if (ids.length === 0) return;
    const operations = [...forgettingOf(this.uniform, ids), ...this.presence.revocation(ids)];
    this.desk.ask({ kind: 'write', operations }, () => {});
  }

  /** To the main channels that are here. */
  hear(letter: Letter): void {
    const circuits: string[] = [];
    this.addCircuits(circuits);
    for (const circuit of circuits) this.#circuits.send(circuit, letter);
  }

  #refuse(letter: Letter, code: FederationCode | StoreCode): void {
    const answer = refusalLetter(letter, code, this.uniform);
    if (answer !== null) this.desk.post(answer);
  }
}
