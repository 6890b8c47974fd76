/** A device of a person: it says things until they are answered, and hears places from where it stopped. docs/simulator.md#federation */
import { backoffMs } from '../../circuit/backoff.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { decodeText } from '../../psyc/bytes.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render, renderRouted } from '../../psyc/render.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import { CircuitEnd, type EndEvent, onStream } from './circuit-end.ts';
import type { Confidant } from './confidant.ts';
import type { DeviceOptions } from './device-options.ts';

const repeatMs = 1_000;
const windowMax = 5;

interface Saying {
  readonly tag: string;
  readonly method: string;
  readonly bytes: Uint8Array;
}

interface Cursor {
  /** It came by this row, the last time. */
  since: number;
  has: number;
  last: number;
  isAsking: boolean;
}

/** A client, which never crashes and often loses its circuit. */
export class Device implements Machine {
  readonly #options: DeviceOptions;
  readonly #source: string;
  readonly #host: string;
  readonly #person: string;
  #effects: NodeEffect[] = [];
  #nowMs = 0;
  #circuit: { readonly name: string; readonly end: CircuitEnd } | null = null;
  #isRegistered: boolean;
  #dialled = 0;
  #provedAtMs = 0;
  #failures = 0;
  /** What is not answered, in order, by target. */
  readonly #open = new Map<string, Saying[]>();
  /** His account is closed: he is told nothing, and comes no more. */
  #isGone = false;
  /** The newest row it has of each log it hears, and the newest it heard of. */
  readonly #cursors = new Map<string, Cursor>();
  #asked = 0;

  constructor(options: DeviceOptions) {
    this.#options = options;
    const { channel, host, person } = options.plan;
    this.#source = channel;
    this.#host = host;
    this.#person = person;
    this.#isRegistered = options.invite === null;
    this.#cursors.set(person, { since: 0, has: 0, last: 0, isAsking: false });
  }

  /** Whether everything it said is answered, and it has everything it has heard of. */
  get isContent(): boolean {
    if (this.#options.confidant?.isContent === false) return false;
    const isSettled = [...this.#open.values()].every((sayings) => sayings.length === 0);
    return isSettled && [...this.#cursors.values()].every(({ has, last, isAsking }) => has >= last && !isAsking);
  }

  step(event: NodeEvent, nowMs: number): readonly NodeEffect[] {
    this.#nowMs = nowMs;
    this.#effects = [];
    switch (event.kind) {
      case 'started':
        this.#dial();
        this.#effects.push({ kind: 'timer', name: 'repeat', delayMs: repeatMs });
        break;
      case 'opened':
      case 'bytes':
      case 'drained':
      case 'ended':
      case 'failed':
        if (event.circuit === this.#circuit?.name) this.#tell(event);
        break;
      case 'timer':
        if (event.name === 'dial') this.#dial();
        else if (event.name === 'repeat') {
          this.#sayAll();
          this.#options.confidant?.wake();
          this.#confide();
          this.#comeAgain();
          this.#effects.push({ kind: 'timer', name: 'repeat', delayMs: repeatMs });
        } else if (event.name === `circuit ${this.#circuit?.name}`) this.#tell({ kind: 'timer' });
        break;
      case 'said':
        this.#say(event.packet);
        break;
      default:
        break;
    }
    return this.#effects;
  }

  queues(): (readonly [string, number])[] {
    return [];
  }

  #dial(): void {
    if (this.#isGone) return;
    const { plan, keys, identity, invite, circuitLimits } = this.#options;
    const name = `out ${++this.#dialled}`;
    const { person, seed, channel, server: domain } = plan;
    const own = { kind: 'client', person, keys: identity, seed, channel } as const;
    const party = this.#options.party?.() ?? (this.#isRegistered ? own : { ...own, invite });
    const end = new CircuitEnd(
      { keys, domain, party, circuitLimits },
      {
        ...onStream(name, (effect) => this.#effects.push(effect)),
        proved: () => this.#proved(),
        packet: (packet, routing) => this.#hear(packet, routing),
        closed: (heard, code) => this.#closed(heard, code),
      },
    );
    this.#circuit = { name, end };
    this.#effects.push({ kind: 'connect', circuit: name, to: domain });
    this.#tell({ kind: 'dialled' });
  }

  /** Logs in anew in time, by which its certification is renewed. */
  #comeAgain(): void {
    const { circuitMsMax = Infinity } = this.#options;
    if (this.#circuit?.end.isProved !== true || this.#nowMs - this.#provedAtMs < circuitMsMax) return;
    this.#effects.push({ kind: 'close', circuit: this.#circuit.name });
    this.#dial();
  }

  #tell(event: EndEvent): void {
    this.#circuit?.end.tell(event, this.#nowMs);
  }

  #proved(): void {
    this.#isRegistered = true;
    this.#provedAtMs = this.#nowMs;
    this.#options.registered();
    this.#sayAll();
    this.#catchUp();
  }

  /** Something may be missing that nobody says more of. */
  #catchUp(): void {
    for (const [context, cursor] of this.#cursors) {
      cursor.isAsking = false;
      this.#askHistory(context);
    }
  }

  #closed(heard: boolean, code: string | null): void {
    this.#circuit = null;
    // The answer was lost.
    if (code === '_closed_account') this.#leave();
    if (heard) this.#failures = 0;
    this.#effects.push({ kind: 'timer', name: 'dial', delayMs: backoffMs(this.#failures++, 50, 2_000) });
  }

  /** Nobody lives there any more. */
  #leave(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    const { observe, plan } = this.#options;
    const places = [...this.#cursors.keys()].filter((context) => context !== this.#person);
    for (const context of places) observe({ kind: 'left', host: plan.host, context });
    observe({ kind: 'closed', person: this.#person, places });
    this.#cursors.clear();
    this.#open.clear();
  }

  #say(bytes: Uint8Array): void {
    if (this.#isGone) return;
    const packet = parseOne(bytes);
    const target = packet.ownRoute('_target') ?? '';
    const { confidant } = this.#options;
    if (target === confidant?.place && packet.method?.startsWith('_message') === true) {
      confidant.mean(decodeText(packet.data ?? new Uint8Array(0)));
      this.#confide();
    } else this.#sayLater(target, { tag: packet.ownRoute('_tag') ?? '', method: packet.method ?? '', bytes });
  }

  #sayLater(target: string, saying: Saying): void {
    const sayings = this.#open.get(target) ?? [];
    this.#open.set(target, sayings);
    sayings.push(saying);
    this.#sayTo(target);
  }

  /** What comes next in the members-only place. */
  #confide(): void {
    const { confidant } = this.#options;
    const move = this.#isGone ? null : (confidant?.next() ?? null);
    if (confidant === null || move === null) return;
    if (move.kind === 'say') this.#sayLater(confidant.place, move.said);
    else this.#ask(confidant.place, '_request_context_status', {}, { _tag: `s${++this.#asked}` });
  }

  #sayAll(): void {
    for (const target of this.#open.keys()) this.#sayTo(target);
    for (const [context, cursor] of this.#cursors) {
      if (!cursor.isAsking && cursor.has >= cursor.last) continue;
      // An answer that has not come by now is lost.
      cursor.isAsking = false;
      this.#askHistory(context);
    }
  }

  /** Everything under way, in order. Entering and leaving are asked alone: numbers begin anew with them. */
  #sayTo(target: string): void {
    // Who closes his account has had his say.
    const isClosing = this.#open.get(target)?.[0]?.method === '_request_close';
    if (isClosing && [...this.#open].some(([other, { length }]) => other !== target && length > 0)) return;
    const { confidant } = this.#options;
    if (target === confidant?.place) {
      this.#sayInConfidence(confidant);
      return;
    }
    for (const [index, { method, bytes }] of (this.#open.get(target) ?? []).slice(0, windowMax).entries()) {
      const isAlone = method.startsWith('_request');
      if (isAlone && index > 0) return;
      this.#send(bytes);
      if (isAlone) return;
    }
  }

  /** One thing at a time, numbered when its turn comes. */
  #sayInConfidence(confidant: Confidant): void {
    const sayings = this.#open.get(confidant.place) ?? [];
    const [first] = sayings;
    if (first === undefined) return;
    const before = confidant.before(first.method);
    if (before !== null) sayings.unshift(before);
    const { tag, bytes } = before ?? first;
    const { content, hasLength } = parseOne(bytes.slice());
    const routing = { _source: this.#source, _target: confidant.place, _tag: tag, _counter: String(confidant.number) };
    this.#send(renderRouted(routing, content, hasLength));
  }

  #send(bytes: Uint8Array): void {
    this.#circuit?.end.send(bytes, this.#nowMs);
  }

  #ask(target: string, method: string, entity: Record<string, string>, more: Record<string, string>): void {
    this.#send(render({ routing: { _source: this.#source, _target: target, ...more }, entity, method }));
  }

  /** A place's log from where it stopped; a person's own is sent by itself. */
  #askHistory(context: string): void {
    const cursor = this.#cursors.get(context);
    if (cursor === undefined || cursor.isAsking || context === this.#person) return;
    cursor.isAsking = true;
    this.#ask(context, '_request_history', { _after: String(cursor.has) }, { _tag: `h${++this.#asked}` });
  }

  #hear(packet: Packet, routing: ReadonlyMap<string, string>): void {
    this.#options.hearing?.(packet, routing);
    const method = packet.method ?? '';
    const source = routing.get('_source') ?? '';
    const context = routing.get('_context');
    const tag = routing.get('_tag_relay');
    if (method === '_notice_missed' && source === '') this.#catchUp();
    else if (context?.endsWith('#_presence') === true) this.#presence(context, packet);
    else if (context !== undefined) this.#row(context, packet, routing);
    else if (method === '_status_friend') this.#standing(packet);
    else if (tag !== undefined) this.#answered(source, tag, method, packet);
    else if (isOfLog(method)) {
      this.#row(this.#person, packet, routing);
      const cursor = this.#cursors.get(this.#person)!;
      // What came before it is on its way again; what came before is acknowledged again.
      if (Number(routing.get('_counter')) > cursor.has) return;
      const relayed = { _tag_relay: routing.get('_tag') ?? '' };
      this.#ask(this.#person, `_echo${method}`, { _sequence: routing.get('_counter') ?? '' }, relayed);
    }
  }

  #presence(context: string, packet: Packet): void {
    const of = context.slice(0, -'#_presence'.length);
    const availability = Number(packet.text('_degree_availability'));
    this.#options.observe({ kind: 'presence', host: this.#host, person: this.#person, of, availability });
  }

  #standing(packet: Packet): void {
    const [other = '', standing = ''] = [packet.text('_uniform'), packet.text('_standing')];
    this.#options.observe({ kind: 'standing', host: this.#host, person: this.#person, other, standing });
  }

  #row(context: string, packet: Packet, routing: ReadonlyMap<string, string>): void {
    const cursor = this.#cursors.get(context);
    const counter = Number(routing.get('_counter'));
    if (cursor === undefined && packet.method?.startsWith('_message') === true) {
      const { observe } = this.#options;
      observe({ kind: 'overheard', host: this.#host, context, key: routing.get('_tag') ?? '' });
    }
    if (cursor === undefined || counter <= cursor.has) return;
    if (counter > cursor.has + 1) {
      cursor.last = Math.max(cursor.last, context === this.#person ? 0 : counter);
      this.#askHistory(context);
      return;
    }
    cursor.has = counter;
    const isOut = packet.method === '_request_context_kick' || packet.method === '_request_context_ban';
    if (context === this.#options.confidant?.place) this.#options.confidant.heard(packet, routing);
    // What is read of the time before he came puts nobody out.
    if (isOut && counter > cursor.since && this.#isMeant(packet.text('_uniform_member') ?? '')) this.#left(context);
    if (!isOfLog(packet.method ?? '')) return;
    // With the variables that the circuit remembered, so that it can be looked at alone.
    const heading = Object.fromEntries(routing);
    // A page of history is for this device alone.
    if (heading['_target'] === this.#source) delete heading['_target'];
    // Who is a stranger to his reader has not said that himself.
    delete heading['_target_relay'];
    const bytes = renderRouted(heading, packet.content, packet.hasLength);
    this.#effects.push({ kind: 'deliver', context, sequence: counter, packet: bytes });
  }

  #isMeant(whom: string): boolean {
    return whom === this.#person || this.#person.startsWith(`${whom}/`);
  }

  #entered(context: string, sequence: number): void {
    const cursor = this.#cursors.get(context);
    if (cursor !== undefined) {
      cursor.since = Math.max(cursor.since, sequence);
      return;
    }
    const { confidant, observe } = this.#options;
    const has = context === confidant?.place ? confidant.has : sequence;
    this.#cursors.set(context, { since: sequence, has, last: sequence, isAsking: false });
    observe({ kind: 'entered', host: this.#host, context, sequence });
    this.#askHistory(context);
  }

  #left(context: string): void {
    this.#cursors.delete(context);
    this.#options.observe({ kind: 'left', host: this.#host, context });
  }

  #answered(source: string, tag: string, method: string, packet: Packet): void {
    if (method === '_echo_history') {
      const cursor = this.#cursors.get(source);
      if (cursor === undefined) return;
      cursor.isAsking = false;
      cursor.last = Math.max(cursor.last, Number(packet.text('_sequence')));
      if (cursor.has < cursor.last) this.#askHistory(source);
      return;
    }
    if (method === '_status_context') {
      this.#options.confidant?.told(packet);
      this.#confide();
      return;
    }
    // What failed is asked again after a while.
    if (tag.startsWith('s') && packet.text('_code') === '_banned_member') this.#options.confidant?.giveUp();
    // Put out while it was away: there is nothing to hear any more.
    if (tag.startsWith('h') && packet.text('_code') === '_necessary_membership') this.#left(source);
    const isEcho = method.startsWith('_echo');
    if (!isEcho && !method.startsWith('_error') && !method.startsWith('_failure')) return;
    const sayings = this.#open.get(source) ?? [];
    const saying = sayings.find((open) => open.tag === tag);
    if (saying === undefined) return;
    const { observe, confidant } = this.#options;
    const at = this.#host;
    this.#open.set(
      source,
      sayings.filter((open) => open !== saying),
    );
    if (!isEcho) observe({ kind: 'refused', host: at, key: tag });
    else {
      this.#effects.push({ kind: 'reply', to: this.#source, packet: packet.raw.slice() });
      this.#options.echoed(tag);
      if (saying.method === '_request_close') this.#leave();
      const sequence = packet.text('_sequence');
      if (saying.method === '_request_context_enter' && sequence !== undefined) {
        this.#entered(source, Number(sequence));
      } else if (saying.method === '_request_context_leave') {
        this.#left(source);
      }
    }
    if (source === confidant?.place)
      confidant.answered(tag, saying.method, isEcho ? null : (packet.text('_code') ?? ''));
    this.#confide();
    this.#sayTo(source);
  }
}

/** What a log of a person or place shows its readers as said by somebody. */
const isOfLog = (method: string): boolean => /^_(?:message|request_friendship|request_unfriend)(?:_|$)/.test(method);
