/** A server's part in the flood of cells: a listener whose links are circuits of its node. docs/spec/listener-bots.md#in-a-server */
import { hexOf } from '../../crypto/bytes.ts';
import type { Exit } from '../../listener-bots/anonymous.ts';
import type { ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import { contextOf, readFrame, renderFrame, serviceOf } from '../../listener-bots/frame.ts';
import { Counts } from '../../listener-bots/counts.ts';
import { OpenedMemory } from '../../listener-bots/memory.ts';
import { SeenMemory } from '../../listener-bots/seen.ts';
import { onionOf } from '../../onion/cell.ts';
import { copyBytes } from '../../psyc/bytes.ts';
import { SEALED_METHOD } from '../../publication/private.ts';
import { Budget } from '../budget.ts';
import type { Desk } from '../desk.ts';
import type { NodeEffect } from '../events.ts';
import type { FoundKeys } from '../keys/key-search.ts';
import { domainOf, entityIn, entityOf, isPerson, type Letter, newLetter, readdress } from '../letter.ts';
import { MorClients } from './mor-clients.ts';
import { type ContextOwner, MorContext } from './mor-context.ts';
import type { MorEvent, MorOptions, MorStatus } from './mor-events.ts';
import { MorRequests } from './mor-requests.ts';
import { readRecords } from '../records.ts';
import { trustIn } from '../trust/trust-record.ts';
import type { Ways } from '../trust/trust-owner.ts';
import { nodeUniform } from '../waking.ts';

/** What it needs of its node. */
export interface MorOwner {
  readonly desk: Desk & { readonly ways: Ways; effect(effect: NodeEffect): void };
  /** The circuit to a domain that is used; null: none stands. */
  circuitTo(domain: string): string | null;
  /** Puts a packet on a circuit. */
  send(circuit: string, bytes: Uint8Array): void;
  /** Whether the admin lets this domain do whatever all others may. */
  isFree(domain: string): boolean;
  /** Looks for somebody's keys, in this server's name alone. */
  find(person: string, found: (keys: FoundKeys | null) => void): void;
  /** Gives a letter from nobody to a person who lives here. */
  deliver(letter: Letter, person: string): void;
}

/** Says that a domain's server is a member of this server's context. */
const NOTICE = '_notice_mor';
/** Shows a linked server our key, with what others say of it. */
const KEY_NOTICE = '_notice_mor_key';
/** Of which of its contexts, where it is not the first. */
const NAME = '_name_context';
/** Services that answer nobody as they answer anybody. */
const SERVICES = ['keys', 'pigeonhole', 'mailbox', 'mail'];
/** How often it is looked who may be a member. */
const LOOK_MS = 5_000;
const KEY_BYTES_MAX = 32_768;
/** So often one server may show its key at once, and again after so long; nobody has more to show, and each is read as OpenPGP. */
const SHOWN_MAX = 32;
const SHOWN_MS = 3_000;

/** One node's. */
export class Mor {
  readonly #owner: MorOwner;
  readonly #desk: MorOwner['desk'];
  readonly #options: MorOptions;
  readonly #uniform: string;
  /** The first has no name; none before the life begins. */
  #contexts: readonly MorContext[] = [];
  /** Onions that went on in another context. */
  #passed: SeenMemory | null = null;
  readonly #later: (() => void)[] = [];
  /** What listeners have asked for outside, by the number that it has there. */
  readonly #jobs = new Map<number, { readonly context: MorContext; readonly number: number }>();
  #job = 0;
  #ownKey: Uint8Array;
  readonly #clients: MorClients;
  readonly #asks: MorRequests;
  readonly #counts = new Counts();
  readonly #shown: Budget;
  #closedExits = 0;

  constructor(owner: MorOwner, options: MorOptions) {
    this.#owner = owner;
    this.#desk = owner.desk;
    this.#options = options;
    this.#asks = new MorRequests({ desk: owner.desk, counts: this.#counts });
    this.#ownKey = owner.desk.options.identity.certificate;
    this.#shown = new Budget(SHOWN_MAX, SHOWN_MS, owner.desk.options.federationLimits.peersMax);
    this.#uniform = `psyc://${owner.desk.domain}/$mor`;
    this.#clients = new MorClients({
      desk: owner.desk,
      ownKey: () => this.#ownKey,
      contextsOf: (domain) => this.#contextsOf(domain),
      find: (person, found) => owner.find(person, found),
      hand: (event) => {
        const onion = onionOf(event.cell);
        (this.#contexts.find((context) => context.knows(onion)) ?? this.#contexts[0])?.tell(event);
      },
      tellAll: (event) => this.#tellAll(event),
    });
  }

  /** The life begins: circuits are opened and held. */
  start(): void {
    const { domain, options, nowMs } = this.#desk;
    const takes = (target: string): boolean => {
      const uniform = entityIn(target);
      if (uniform?.host !== domain || uniform.channel !== undefined) return false;
      return uniform.kind === 'person' || (uniform.kind === 'service' && SERVICES.includes(uniform.name));
    };
    const { suite } = options;
    const { limits, links, servers = 1, unsafe = false, contexts = [] } = this.#options;
    const listening = { domain, suite, isWide: true, unsafe, takes, memory: new OpenedMemory(suite, limits) };
    const isNamed = (other: string): boolean => contexts.some(({ members }) => members.includes(other));
    const isOneOfSeveral = contexts.length > 0;
    if (isOneOfSeveral) this.#passed = new SeenMemory(suite, limits.seenMs, limits.seenCellsMax, nowMs);
    const first = { name: '', admits: (other: string) => links.includes(other) || !isNamed(other), isOneOfSeveral };
    const of = this.#contextOwner();
    this.#contexts = [
      new MorContext(of, first, { ...listening, limits, servers }),
      ...contexts.map(({ name, members, limits: own, servers: there = 1 }) => {
        const admits = (other: string): boolean => members.includes(other);
        return new MorContext(of, { name, admits, isOneOfSeveral }, { ...listening, limits: own, servers: there });
      }),
    ];
    this.#asks.start();
    const held = [...links, ...contexts.flatMap(({ members }) => members)];
    for (const other of new Set(held)) this.#desk.linkTo(other)?.watch(() => {});
    this.#look();
  }

  /** What comes from outside the node. */
  told(event: MorEvent): void {
    switch (event.kind) {
      case 'servers':
        this.#clients.servers = event.servers;
        break;
      case 'own key':
        this.#ownKeyIs(event.key);
        break;
      case 'loaded': {
        // All have one memory.
        const nothing = { kind: 'loaded', tags: [], marks: [], slots: [] } as const;
        for (const [at, context] of this.#contexts.entries()) context.load(at === 0 ? event : nothing);
        break;
      }
      case 'keys':
        this.#tellAll(event);
        break;
      case 'stations':
        for (const context of this.#contexts) context.setStations(event.stations);
        break;
      case 'opened':
        this.#answered(event.job, (job) => ({ ...event, job }));
        break;
      case 'remembered':
        this.#answered(event.batch, (batch) => ({ ...event, batch }));
        break;
    }
  }

  /** Puts out an onion of 4000 bytes that somebody's ticket has made of an answer: in the first context, where all tickets lead. */
  release(onion: Uint8Array): void {
    this.#contexts[0]?.tell({ kind: 'answer', onion });
  }

  /** A circuit to a domain is ready. */
  ready(domain: string): void {
    this.#judge(domain);
  }

  /** No circuit to it stands any more. */
  lost(domain: string): void {
    for (const context of this.#contexts) {
      context.lost(domain);
      this.#unlink(domain, context);
    }
  }

  /** Whether a packet in a context is a frame of a linked server's; what else comes in such a context is nobody's. */
  heard({ routing, packet }: Letter, domain: string): boolean {
    const named = routing.get('_context') ?? '';
    const context = this.#contexts.find(({ name }) => contextOf(domain, name) === named);
    if (context === undefined) return named.startsWith(contextOf(domain));
    const frame = context.linked.has(domain)
      ? readFrame(domain, packet, (variable) => routing.get(variable), context.name)
      : null;
    if (frame !== null) context.hear(domain, frame);
    return true;
  }

  /** Whether a letter of another node to this one is about membership. */
  take({ routing, packet }: Letter): boolean {
    if (packet.method !== NOTICE && packet.method !== KEY_NOTICE) return false;
    const source = routing.get('_source') ?? '';
    const domain = domainOf(source);
    if (source !== nodeUniform(domain) || domain === this.#desk.domain) return true;
    if (packet.method === KEY_NOTICE) {
      const key = packet.value('_key');
      const isTaken = key !== undefined && key.length <= KEY_BYTES_MAX && this.#linked.has(domain);
      if (isTaken && this.#shown.spend(domain, this.#desk.nowMs))
        this.#desk.effect({ kind: 'mor', effect: { kind: 'key shown', domain, key: copyBytes(key) } });
      return true;
    }
    const named = packet.text(NAME) ?? '';
    const context = this.#contexts.find(({ name }) => name === named);
    if (context === undefined) return true;
    // Who says it again has begun a new life, and does not know what the last was told.
    this.#unlink(domain, context);
    context.heardOf(domain);
    this.#link(domain, context);
    return true;
  }

  /** Whether a letter is for the listener; `by`: the person who lives here and whose device asks, or null. */
  asked(letter: Letter, by: string | null): boolean {
    if (entityOf(letter.routing.get('_target') ?? '') !== this.#uniform) return false;
    if (by === null && this.#asks.answered(letter)) return true;
    if (by === null || domainOf(by) !== this.#desk.domain) return true;
    this.#clients.take(letter, by);
    return true;
  }

  /** Counts and rates, never routes; null before it has begun. */
  status(): MorStatus | null {
    const [first, ...others] = this.#contexts;
    if (first === undefined) return null;
    const { status } = first;
    const counts = [...status.counts, ...this.#counts.entries()];
    const further = others.map((context) => ({ name: context.name, ...context.status }));
    return { ...status, counts, closedExits: this.#closedExits, further };
  }

  queues(): (readonly [string, number])[] {
    return [...this.#contexts.flatMap((context) => context.queues()), ...this.#asks.queues()];
  }

  /** Looks at all that are here, and again in a while: what the admin or time has changed shows. */
  #look(): void {
    for (const domain of this.#desk.ways.linked()) this.#judge(domain);
    this.#clients.look();
    this.#asks.look();
    this.#desk.timer('mor look', LOOK_MS, () => this.#look());
  }

  /** Whoever is a member is told so, once on each circuit; who is none any more is not heard. */
  #judge(domain: string): void {
    readRecords(this.#desk, nodeUniform(domain), (records) => {
      const circuit = this.#owner.circuitTo(domain);
      if (records === null || circuit === null) return;
      const isTrusted = trustIn(records, this.#desk.unixMs).standing === 'normal' && records.has('key');
      const isFree = isTrusted && this.#owner.isFree(domain);
      for (const context of this.#contexts) {
        const isMember = isFree && context.admits(domain);
        if (context.judge(domain, circuit, isMember)) {
          const routing = { _source: nodeUniform(this.#desk.domain), _target: nodeUniform(domain) };
          const entity = context.name === '' ? {} : { [NAME]: context.name };
          this.#desk.post(newLetter({ routing, entity, method: NOTICE }));
          this.#link(domain, context);
        } else if (!isMember) this.#unlink(domain, context);
      }
    });
  }

  /** Domains that a link stands to in some context. */
  get #linked(): ReadonlySet<string> {
    return new Set(this.#contexts.flatMap(({ linked }) => [...linked]));
  }

  /** Each has taken the other as a member: cells go both ways. */
  #link(domain: string, context: MorContext): void {
    if (!context.isToLink(domain)) return;
    const isNews = !this.#linked.has(domain);
    context.link(domain);
    if (!isNews) return;
    this.#tellLinked();
    this.#showKey(domain);
  }

  #ownKeyIs(key: Uint8Array): void {
    if (key.length > KEY_BYTES_MAX) return;
    this.#ownKey = key;
    for (const domain of this.#linked) this.#showKey(domain);
  }

  #showKey(domain: string): void {
    const routing = { _source: nodeUniform(this.#desk.domain), _target: nodeUniform(domain) };
    this.#desk.post(newLetter({ routing, entity: { _key: this.#ownKey }, method: KEY_NOTICE }));
  }

  #unlink(domain: string, context: MorContext): void {
    if (context.unlink(domain) && !this.#linked.has(domain)) this.#tellLinked();
  }

  #tellLinked(): void {
    this.#desk.effect({ kind: 'mor', effect: { kind: 'linked to', domains: [...this.#linked] } });
  }

  #contextOwner(): ContextOwner {
    return {
      nowMs: () => this.#desk.nowMs,
      unixMs: () => this.#desk.unixMs,
      perform: (effect, context) => this.#perform(effect, context),
      onward: (onion, context) => this.#onward(onion, context),
      stepped: () => {
        for (let next = this.#later.shift(); next !== undefined; next = this.#later.shift()) next();
      },
    };
  }

  /** An onion whose owner another context knows, and not the one it is in, is put out there: once, whoever else does. */
  #onward(onion: Uint8Array, context: MorContext): boolean {
    if (this.#passed === null || context.knows(onion)) return false;
    const other = this.#contexts.find((one) => one !== context && one.knows(onion));
    if (other === undefined) return false;
    const kept = copyBytes(onion);
    if (this.#passed.isNew(kept, this.#desk.nowMs)) this.#later.push(() => other.tell({ kind: 'answer', onion: kept }));
    return true;
  }

  /** Whoever has asked is told, under his own number. */
  #answered(number: number, told: (own: number) => ListenerEvent): void {
    const asked = this.#jobs.get(number);
    this.#jobs.delete(number);
    asked?.context.tell(told(asked.number));
  }

  /** Names as in uniforms; this server itself is in all. */
  #contextsOf(domain: string): string | null {
    if (this.#contexts.length === 1) return null;
    const isIn = ({ linked }: MorContext): boolean => domain === this.#desk.domain || linked.has(domain);
    return this.#contexts.flatMap((context) => (isIn(context) ? [serviceOf(context.name)] : [])).join(' ');
  }

  #tellAll(event: ListenerEvent): void {
    for (const context of this.#contexts) context.tell(event);
  }

  /** Under which number something is asked for outside: each listener counts for itself. */
  #jobOf(context: MorContext, number: number): number {
    this.#jobs.set(++this.#job, { context, number });
    return this.#job;
  }

  #perform(effect: ListenerEffect, context: MorContext): void {
    switch (effect.kind) {
      case 'send': {
        const circuit = this.#owner.circuitTo(effect.peer);
        if (circuit === null) break;
        // Alone in its record: what was written before goes first, and nothing joins it.
        this.#desk.effect({ kind: 'flush', circuit });
        this.#owner.send(circuit, renderFrame(this.#desk.domain, effect.frame, context.name));
        this.#desk.effect({ kind: 'flush', circuit });
        break;
      }
      case 'open': {
        const job = { ...effect.job, job: this.#jobOf(context, effect.job.job) };
        this.#desk.effect({ kind: 'mor', effect: { kind: 'open', job } });
        break;
      }
      case 'remember': {
        const batch = { ...effect.batch, batch: this.#jobOf(context, effect.batch.batch) };
        this.#desk.effect({ kind: 'mor', effect: { kind: 'remember', batch } });
        break;
      }
      case 'forget':
      case 'forget key':
      case 'renew':
        this.#desk.effect({ kind: 'mor', effect });
        break;
      case 'exit':
        this.#exit(effect.exit, context);
        break;
      case 'taken':
      case 'refused':
        this.#clients.told(effect);
        break;
      case 'wake':
        this.#desk.timer(`mor of ${context.name}`, Math.max(0, effect.atMs - this.#desk.nowMs), () =>
          context.tell({ kind: 'wake' }),
        );
        break;
      case 'copy':
        this.#clients.copy(effect.client, effect.cell);
        break;
      case 'reply': // Nobody here has made a ticket.
        break;
    }
  }

  /** A packet from nobody: what is public and asked for over a ticket; and what is sealed to a person who lives here, under the limits of strangers. */
  #exit(exit: Exit, context: MorContext): void {
    const { packet, target, isSigned } = exit;
    const isPublic = !isPerson(target) || packet.method === '_request_keys';
    if (!isSigned && isPublic && this.#asks.take(exit, (onion) => context.tell({ kind: 'answer', onion }))) return;
    if (isSigned || !isPerson(target) || packet.method !== SEALED_METHOD) {
      this.#closedExits++;
      return;
    }
    // Each has a source of its own, so that none has to wait for another's number.
    const tag = hexOf(this.#desk.options.suite.random(16));
    const routing = { _source: `${this.#uniform}#${tag}`, _target: target, _tag: tag, _counter: '1' };
    this.#owner.deliver(readdress(routing, packet), target);
  }
}
