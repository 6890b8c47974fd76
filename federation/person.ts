/** A person at home: devices that are here, and a log of what was said to him for those that are not. docs/spec/federation.md#persons */
import type { Arrival } from '../circuit/incoming-events.ts';
import { inherits } from '../psyc/keyword.ts';
import type { StoreCode } from '../store/errors.ts';
import type { Row } from '../store/store.ts';
import type { Desk, Entity } from './desk.ts';
import type { FederationCode } from './error.ts';
import { Inbox, type InboxOwner, type Token } from './inbox.ts';
import {
  answerLetter,
  deviceOf,
  entityOf,
  headingOf,
  isEcho,
  type Letter,
  parseLetter,
  readdress,
  refusalLetter,
} from './letter.ts';
import { echoOf } from './methods.ts';
import { bySequence, type Outgoer, Outbox, outgoingRow, type OutboxOwner } from './outbox.ts';

interface Device {
  readonly circuit: string;
  readonly outbox: Outbox;
}

/** One person of this node. */
export class Person implements Entity, InboxOwner, OutboxOwner {
  readonly #uniform: string;
  readonly #desk: Desk;
  readonly #send: (circuit: string, letter: Letter) => boolean;
  readonly #inbox: Inbox;
  readonly #devices = new Map<string, Device>();

  /** `send` sends on a circuit of a device. */
  constructor(uniform: string, desk: Desk, send: (circuit: string, letter: Letter) => boolean) {
    this.#uniform = uniform;
    this.#desk = desk;
    this.#send = send;
    this.#inbox = new Inbox(uniform, desk, this);
  }

  /** Whether a device is here. */
  get isHere(): boolean {
    return this.#devices.size > 0;
  }

  /**
   * A device is here: what it has not acknowledged is sent. Gives the circuit that it had before, or null; or the code of
   * why it may not stay.
   */
  attach(device: string, circuit: string): { replaced: string | null } | FederationCode {
    const before = this.#devices.get(device);
    if (before === undefined && this.#devices.size >= this.#desk.options.federationLimits.devicesMax)
      return '_excessive_devices';
    before?.outbox.stop();
    const owner: OutboxOwner = {
      outgoing: (row) => this.outgoing(row),
      send: (letter) => this.#send(circuit, letter),
    };
    const outbox = new Outbox(this.#uniform, `device ${device}`, this.#desk, owner);
    this.#devices.set(device, { circuit, outbox });
    outbox.start(true);
    return { replaced: before?.circuit ?? null };
  }

  /** The circuit of a device is over. */
  detach(device: string, circuit: string): void {
    const there = this.#devices.get(device);
    if (there?.circuit !== circuit) return;
    there.outbox.stop();
    this.#devices.delete(device);
  }

  take(letter: Letter): void {
    const { routing, packet } = letter;
    const source = routing.get('_source') ?? '';
    const device = deviceOf(routing.get('_target') ?? '');
    const { method } = packet;
    const isOwn = entityOf(source) === this.#uniform;
    if (isOwn && isEcho(method) && device === null) {
      const outbox = this.#devices.get(deviceOf(source) ?? '')?.outbox;
      outbox?.answeredSequence(packet.text('_sequence') ?? '');
    } else if (device !== null) {
      const there = this.#devices.get(device);
      if (there !== undefined) this.#send(there.circuit, letter);
    } else if (method !== null && inherits(method, '_message')) {
      if (!this.#inbox.take(letter, source)) this.#refuse(letter, '_necessary_counter');
    } else if (method !== null && inherits(method, '_request')) this.#refuse(letter, '_unsupported_method');
    else this.hear(letter);
  }

  /** Something for all devices that are here, and for no other: a multicast, a notice. */
  hear(letter: Letter): void {
    // A device that cannot take it is cut off meanwhile.
    for (const { circuit } of [...this.#devices.values()]) this.#send(circuit, letter);
  }

  queues(): [string, number][] {
    const windows = [...this.#devices.values()].flatMap(({ outbox }) => outbox.queues());
    return [...this.#inbox.queues(), ['devices', this.#devices.size], ...windows];
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
    this.hear(letter);
    return true;
  }

  recorded(sequence: number, { packet }: Arrival<Token>): void {
    if (this.#devices.size === 0) return;
    const row = outgoingRow(this, { sequence, packet });
    for (const { outbox } of this.#devices.values()) outbox.appended(row);
  }

  acknowledged({ message, method }: Token): void {
    this.#desk.post(answerLetter(message, echoOf(method)));
  }

  rejected({ message, method }: Token, code: FederationCode | StoreCode): void {
    this.#refuse(headingOf(message, method), code);
  }

  stopped(): void {
    for (const { outbox } of this.#devices.values()) outbox.stop();
  }

  grown(last: number): void {
    for (const { outbox } of this.#devices.values()) outbox.grown(last);
  }

  #refuse(letter: Letter, code: FederationCode | StoreCode): void {
    const answer = refusalLetter(letter, code, this.#uniform);
    if (answer !== null) this.#desk.post(answer);
  }
}
