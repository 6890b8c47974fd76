/** A person at home: devices that are here, and a log of what was said to him for those that are not. docs/spec/federation.md#persons */
import { channelOf, isMainChannel } from '../circuit/channel.ts';
import type { Arrival } from '../circuit/incoming-events.ts';
import { equalBytes } from '../psyc/bytes.ts';
import { inherits } from '../psyc/keyword.ts';
import type { StoreCode } from '../store/errors.ts';
import type { Row } from '../store/store.ts';
import { type Desk, type Entity, lease } from './desk.ts';
import type { FederationCode } from './error.ts';
import { Inbox, type InboxOwner, type Token } from './inbox.ts';
import {
  answerLetter,
  deviceOf,
  entityOf,
  headingOf,
  isEcho,
  isNumbered,
  keepLetter,
  type Letter,
  newLetter,
  parseLetter,
  readdress,
  refusalLetter,
} from './letter.ts';
import { echoOf } from './methods.ts';
import { bySequence, type Outgoer, Outbox, outgoingRow, type OutboxOwner } from './outbox.ts';
import { Residence } from './residence.ts';

/** The mark of how far a device has read. */
const markOf = (channel: string): string => `device ${deviceOf(channel)}`;

/** A channel of a device that is here. */
interface Channel {
  readonly circuit: string;
  readonly device: Uint8Array;
  /** What is for the person goes to main channels only; null: a side channel. */
  readonly outbox: Outbox | null;
}

/** What a person has its node do with circuits. */
export interface PersonCircuits {
  send(circuit: string, letter: Letter): boolean;
  giveUp(circuit: string, code: string): void;
}

/** One person of this node. */
export class Person implements Entity, InboxOwner, OutboxOwner {
  readonly #uniform: string;
  readonly #desk: Desk;
  readonly #circuits: PersonCircuits;
  readonly #inbox: Inbox;
  readonly #residence: Residence;
  readonly #channels = new Map<string, Channel>();
  /** What came before it was known whether anybody lives here. */
  #held: Letter[] = [];

  constructor(uniform: string, desk: Desk, circuits: PersonCircuits) {
    this.#uniform = uniform;
    this.#desk = desk;
    this.#circuits = circuits;
    this.#inbox = new Inbox(uniform, desk, this);
    this.#residence = new Residence(
      uniform,
      desk,
      () => this.#loaded(),
      (ids) => this.#revoked(ids),
    );
  }

  get isIdle(): boolean {
    return this.#channels.size === 0 && this.#held.length === 0 && this.#inbox.count === 0 && this.#residence.isIdle;
  }

  /** Somebody registers or logs in. */
  ask(...question: Parameters<Residence['ask']>): void {
    this.#residence.ask(...question);
  }

  /**
   * A channel of a device is here, by its uniform; what a main channel has not acknowledged is sent. Gives the circuit that
   * it had before, or null; or the code of why it may not stay.
   */
  attach(channel: string, circuit: string, device: Uint8Array): { replaced: string | null } | FederationCode {
    const before = this.#channels.get(channel);
    if (before === undefined && this.#channels.size >= this.#desk.options.federationLimits.devicesMax)
      return '_excessive_devices';
    before?.outbox?.stop();
    const owner: OutboxOwner = {
      outgoing: (row) => this.outgoing(row),
      send: (letter) => this.#circuits.send(circuit, letter),
    };
    const outbox = isMainChannel(channel) ? new Outbox(this.#uniform, markOf(channel), this.#desk, owner) : null;
    this.#channels.set(channel, { circuit, device, outbox });
    outbox?.start(true);
    return { replaced: before?.circuit ?? null };
  }

  /** The circuit of a channel is over. */
  detach(channel: string, circuit: string): void {
    const there = this.#channels.get(channel);
    if (there?.circuit !== circuit) return;
    there.outbox?.stop();
    this.#channels.delete(channel);
  }

  /** The circuit of a channel has room again. */
  writable(channel: string): void {
    this.#channels.get(channel)?.outbox?.changed('writable');
  }

  take(letter: Letter): void {
    if (!this.#residence.isKnown) {
      if (this.#held.length < this.#desk.options.federationLimits.lettersMax) this.#held.push(keepLetter(letter));
      return;
    }
    const { keys } = this.#residence;
    if (keys === null) {
      this.#refuse(letter, '_unknown_target');
      return;
    }
    const { routing, packet } = letter;
    const source = routing.get('_source') ?? '';
    const target = routing.get('_target') ?? '';
    const { method } = packet;
    const isOwn = entityOf(source) === this.#uniform;
    const isForChannel = target !== this.#uniform;
    if (isOwn && isEcho(method) && !isForChannel) {
      const outbox = this.#channels.get(source)?.outbox;
      outbox?.answeredSequence(packet.text('_sequence') ?? '');
    } else if (isForChannel && isNumbered(letter)) this.#refuse(letter, '_invalid_target');
    else if (isForChannel) {
      const there = this.#channels.get(target);
      if (there !== undefined) this.#circuits.send(there.circuit, letter);
    } else if (method === '_request_keys') this.#tellKeys(letter, keys.key, keys.statement);
    else if (method !== null && inherits(method, '_message')) {
      if (!this.#inbox.take(letter, source, { missing: '_missing_counter' }))
        this.#refuse(letter, '_necessary_counter');
    } else if (isNumbered(letter) || (method !== null && inherits(method, '_request'))) {
      this.#refuse(letter, '_unsupported_method');
    } else this.#hear(letter);
  }

  /** Adds the circuits of the main channels that are here, for something that goes to all of them and is kept for none. */
  addCircuits(circuits: string[]): void {
    for (const { circuit, outbox } of this.#channels.values()) if (outbox !== null) circuits.push(circuit);
  }

  queues(): [string, number][] {
    const windows = [...this.#channels.values()].flatMap(({ outbox }) => outbox?.queues() ?? []);
    return [...this.#inbox.queues(), ['devices', this.#channels.size], ['letters', this.#held.length], ...windows];
  }

  outgoing({ sequence, packet: bytes }: Pick<Row, 'sequence' | 'packet'>): Outgoer {
    const { routing, packet } = parseLetter(bytes);
    const heading = {
      _source: routing.get('_source'),
      _target: this.#uniform,
      _tag: routing.get('_tag'),
      _counter: String(sequence),
    };
    return bySequence(readdress(heading, packet), sequence);
  }

  send(letter: Letter): boolean {
    this.#hear(letter);
    return true;
  }

  recorded(sequence: number, { packet }: Arrival<Token>): void {
    if (this.#channels.size === 0) return;
    const row = outgoingRow(this, { sequence, packet });
    for (const { outbox } of this.#channels.values()) outbox?.appended(row);
  }

  acknowledged({ message, method }: Token): void {
    this.#desk.post(answerLetter(message, echoOf(method)));
  }

  rejected({ message, method }: Token, code: FederationCode | StoreCode): void {
    this.#refuse(headingOf(message, method), code);
  }

  stopped(): void {
    for (const { outbox } of this.#channels.values()) outbox?.stop();
  }

  grown(last: number): void {
    for (const { outbox } of this.#channels.values()) outbox?.grown(last);
  }

  #loaded(): void {
    const held = this.#held;
    this.#held = [];
    for (const letter of held) this.take(letter);
  }

  #revoked(ids: readonly Uint8Array[]): void {
    for (const { circuit, device } of [...this.#channels.values()]) {
      if (ids.some((id) => equalBytes(id, device))) this.#circuits.giveUp(circuit, '_revoked_device');
    }
    if (ids.length === 0) return;
    // How far they had read is of no use to anybody, and a log has room for so many marks only.
    const operations = ids.map((id) => {
      const name = markOf(channelOf(this.#uniform, id));
      return { op: 'mark', context: this.#uniform, lease, name, sequence: -1 } as const;
    });
    this.#desk.ask({ kind: 'write', operations }, () => {});
  }

  #hear(letter: Letter): void {
    const circuits: string[] = [];
    this.addCircuits(circuits);
    for (const circuit of circuits) this.#circuits.send(circuit, letter);
  }

  #tellKeys({ routing }: Letter, key: Uint8Array, statement: Uint8Array): void {
    const tag = routing.get('_tag');
    const answer = newLetter({
      routing: { _source: this.#uniform, _target: routing.get('_source'), _tag_relay: tag, _tag_reply: tag },
      entity: {
        _counter_relay: routing.get('_counter'),
        _key: key,
        _statement: statement,
        _key_domain: this.#desk.options.identity.certificate,
      },
      method: '_status_keys',
    });
    this.#desk.post(answer);
  }

  #refuse(letter: Letter, code: FederationCode | StoreCode): void {
    const answer = refusalLetter(letter, code, this.#uniform);
    if (answer !== null) this.#desk.post(answer);
  }
}
