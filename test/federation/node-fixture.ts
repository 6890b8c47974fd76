/** One node on the memory twin with ideal keys, and proved circuits to it that speak packets; no network, no clock but a number. */
import { channelOf } from '../../circuit/channel.ts';
import { circuitLimits, deliveryLimits } from '../../circuit/limits.ts';
import type { AdminAnswer } from '../../federation/admin-questions.ts';
import type { NodeEffect, NodeEvent, NodeOptions, Notice } from '../../federation/events.ts';
import { joinBytes } from '../../crypto/bytes.ts';
import { federationLimits, type FederationLimits } from '../../federation/limits.ts';
import type { DnsStatement } from '../../pki/dns-statement.ts';
import { FederationNode } from '../../federation/node.ts';
import type { MailEffect } from '../../federation/mail/mail-events.ts';
import type { MorEffect } from '../../federation/onions/mor-events.ts';
import type { PkiQuestion, ToldMove } from '../../federation/keys/pki.ts';
import { decodeRange, decodeText, encodeText } from '../../psyc/bytes.ts';
import { trustLimits } from '../../pki/trust-limits.ts';
import { inherits } from '../../psyc/keyword.ts';
import { Parser } from '../../psyc/parse.ts';
import { type Draft, render, renderRouted } from '../../psyc/render.ts';
import { actKindOf } from '../../publication/act.ts';
import { signedContent } from '../../publication/packet.ts';
import { KEY_METHOD } from '../../publication/sender-key.ts';
import { IdealKeys, type IdealPerson, type IdealStatement } from '../../simulator/ideal.ts';
import { Author } from '../../simulator/scenes/author.ts';
import { beginUnixMs, CircuitEnd, type Party } from '../../simulator/scenes/circuit-end.ts';
import { idealRecord } from '../../simulator/scenes/ideal-dns.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { Coming, Heard, Line, Settings } from './node-settings.ts';
import { homeTold, ringAsked, ringTold } from './keys-told.ts';

export type { Heard };

/** The node's. */
const home = 'a.example';
const devices = ['phone', 'desk', 'tablet', 'lost'];

/** Names of devices, the same in every fixture. */
const names = new IdealKeys((length) => new Uint8Array(length));
const seedOf = (nick: string, device: string, domain: string): Uint8Array =>
  names.device(`${nick} ${device} ${domain}`);

/** `psyc://domain/~nick#channel`; a device `desk-bot` speaks on the side channel `bot` of the desk. */
export function channel(nick: string, device: string, domain = home): string {
  const [name = '', side = null] = device.split('-');
  return channelOf(`psyc://${domain}/~${nick}`, names.idOf(seedOf(nick, name, domain)), { side });
}

/** a.example, and whoever connects to it; a peer is `server DOMAIN` or `client NICK DEVICE`. */
export class NodeFixture {
  readonly store: { perform(request: StoreRequest): StoreOutcome };
  readonly keys: IdealKeys;
  readonly node: FederationNode;
  nowMs = 0;
  /** By how much the clocks of devices are ahead. */
  aheadMs = 0;
  readonly closed: string[] = [];
  readonly dialled: string[] = [];
  readonly full: string[] = [];
  /** Whether what is written is taken. */
  drains = true;
  readonly notices: Notice[] = [];
  readonly told: AdminAnswer[] = [];
  /** What the listener asked for. */
  readonly mor: MorEffect[] = [];
  /** What the mail gateway has done. */
  readonly mail: MailEffect[] = [];
  /** Newer statements that clients were handed, by circuit. */
  readonly stated = new Map<string, Uint8Array>();
  /** What has not been answered while somebody holds it. */
  readonly held: { store: StoreRequest[] | null; pki: [number, PkiQuestion][] | null } = { store: null, pki: null };
  /** Kinds of questions to OpenPGP. */
  readonly asked: PkiQuestion['kind'][] = [];
  /** What the DNS says; that nobody has secured, and that the domain has the key it has. */
  dns: (domain: string) => DnsStatement = (domain) => idealRecord(this.keys, domain);
  /** Whether other domains tell the keys of their people. */
  tellsKeys = true;
  /** Whether a domain tells what is on its ring; and which have been asked. */
  answersKeys: (domain: string) => boolean = () => true;
  readonly askedKeys: string[] = [];
  /** With whose keys their homes tell that he has come from elsewhere. */
  readonly moves = new Map<string, ToldMove>();
  /** Whether what comes about countersignatures is heard, which are begun with whoever comes. */
  hearsCountersignatures = false;
  readonly #options: NodeOptions;
  /** Its domain. */
  readonly domain: string;
  readonly #lines = new Map<string, Line>();
  readonly #timers = new Map<string, number>();
  readonly #authors = new Map<string, Author>();
  readonly #events: NodeEvent[] = [];
  #isBusy = false;

  constructor(limits: Partial<FederationLimits> = {}, settings: Settings = {}) {
    this.domain = settings.domain ?? home;
    this.store = settings.store ?? new MemoryStore();
    let drawn = 0;
    this.keys = settings.keys ?? new IdealKeys((length) => new Uint8Array(length).fill(++drawn));
    this.#options = {
      identity: this.keys.domain(settings.domain ?? home),
      life: settings.life ?? 1,
      suite: this.keys.suite,
      decode: decodeRange,
      pins: new Map(),
      origins: [],
      plain: new Set(),
      placed: new Set(),
      trustLimits,
      circuitLimits,
      deliveryLimits,
      federationLimits: { ...federationLimits, ...limits },
      ...settings.options,
    };
    this.node = new FederationNode(this.#options);
    this.tell({ kind: 'started' });
  }

  /** Brings an event, and the answers to whatever comes of it. */
  tell(event: NodeEvent): void {
    this.#events.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) {
        for (const effect of this.node.step(next, this.nowMs, beginUnixMs + this.nowMs)) this.#perform(effect);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** Timers that are set, by name. */
  get timers(): readonly string[] {
    return [...this.#timers.keys()];
  }

  /** Time passes, and timers go off in their order. */
  pass(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const [next] = [...this.#timers].filter(([, atMs]) => atMs <= untilMs).sort(([, a], [, b]) => a - b);
      if (next === undefined) break;
      const [name, atMs] = next;
      this.#timers.delete(name);
      this.nowMs = Math.max(this.nowMs, atMs);
      this.tell({ kind: 'timer', name });
    }
    this.nowMs = untilMs;
  }

  /** Answers what is held, and holds nothing more. */
  release(): void {
    const { store, pki } = this.held;
    Object.assign(this.held, { store: null, pki: null });
    for (const request of store ?? []) this.tell({ kind: 'stored', outcome: this.store.perform(request) });
    for (const [request, question] of pki ?? []) this.#answer(request, question);
  }

  /** A circuit named as its peer, proved; whoever has never been there registers first. */
  connect(peer: string, coming: Coming = {}): string {
    const name = coming.name ?? peer;
    if (peer.startsWith('server ') && coming.isUnmet !== true) this.meet(peer.slice('server '.length));
    this.#line(name, { ...this.partyOf(peer), ...coming.party } as Party, false);
    const opened = { kind: 'opened', circuit: name, exported: this.keys.exported(name), accepted: true } as const;
    this.tell(coming.address === undefined ? opened : { ...opened, address: coming.address });
    this.#lines.get(name)?.end?.tell({ kind: 'opened', stream: name }, this.nowMs);
    return name;
  }

  /** The node has met this domain before. */
  meet(domain: string): void {
    const context = `psyc://${domain}`;
    const { fingerprint, certificate } = this.keys.domain(domain);
    const operations = Object.entries({ fingerprint, key: certificate }).map(
      ([name, value]) => ({ op: 'record', context, lease: 1, name, value, absent: true }) as const,
    );
    this.store.perform({ kind: 'write', request: 0, operations });
  }

  /** A circuit that is greeted, and proves nothing by itself; the stream that it is on may export another's material, or none. */
  open(name: string, stream: string | null = name): string {
    const heard: Heard[] = [];
    const parser = new Parser();
    const read = (bytes: Uint8Array): void => {
      parser.feed(bytes);
      for (let packet = parser.next(); packet !== null; packet = parser.next()) {
        const { method, dataText: data } = packet;
        const routing = Object.fromEntries(packet.routing.map((line) => [line.name, decodeText(line.value)]));
        if (packet.length > 2) heard.push({ routing, method, data, packet: packet.copy() });
      }
    };
    this.#lines.set(name, { end: null, heard, read });
    const exported = stream === null ? null : this.keys.exported(stream);
    this.tell({ kind: 'opened', circuit: name, exported, accepted: true });
    this.sayBytes(name, encodeText('|\n'));
    return name;
  }

  /** Bytes that the node writes to a circuit go here. */
  listen(name: string, read: (bytes: Uint8Array) => void): void {
    this.#lines.set(name, { end: null, heard: [], read });
  }

  /** The peer takes a circuit that the node has asked for. */
  accept(circuit: string, peer: string, party: Partial<Party> = {}): string {
    this.#line(circuit, { ...this.partyOf(peer), ...party } as Party, true);
    this.#lines.get(circuit)?.end?.tell({ kind: 'opened', stream: circuit }, this.nowMs);
    this.tell({ kind: 'opened', circuit, exported: this.keys.exported(circuit), accepted: false });
    return circuit;
  }

  /** Who a peer is. */
  partyOf(peer: string): Party {
    const [kind, name = '', device = ''] = peer.split(' ');
    if (kind === 'server') return { kind, identity: this.keys.domain(name) };
    const person = `psyc://${this.domain}/~${name}`;
    const records = this.store.perform({ kind: 'records', request: 0, context: person });
    const isKnown = records.kind === 'records' && records.records.length > 0;
    const seed = seedOf(name, device.split('-')[0]!, this.domain);
    const keys = this.identityOf(name, this.domain);
    const party = { kind: 'client', person, keys, seed, channel: channel(name, device, this.domain) } as const;
    return isKnown ? party : { ...party, invite: null };
  }

  /** Somebody's keys; without `statement` the first, with all devices. */
  identityOf(
    nick: string,
    domain = home,
    statement: IdealStatement & { devices?: readonly string[] } = {},
  ): IdealPerson {
    const seeds = (statement.devices ?? devices).map((device) => seedOf(nick, device, domain));
    return this.keys.person(`psyc://${domain}/~${nick}`, seeds, statement);
  }

  /** The seed of somebody's device. */
  seedOf(nick: string, device: string, domain = home): Uint8Array {
    return seedOf(nick, device, domain);
  }

  /** The peer says a packet; `_message…` and acts of a person's channel are signed by its device. */
  say(circuit: string, draft: Draft): void {
    const routing = draft.routing as Record<string, string>;
    const [address, source] = [
      routing['_context'] ?? routing['_target'],
      routing['_source_relay'] ?? routing['_source'],
    ];
    const method = draft.method ?? '';
    const isSigned = inherits(method, '_message') || actKindOf(method) !== null || method === KEY_METHOD;
    const isSaid = isSigned && address !== undefined && source?.includes('/~') === true;
    if (!isSaid) this.sayRaw(circuit, draft);
    else this.sayBytes(circuit, renderRouted(routing, this.sign(source, address, draft)));
  }

  /** A packet signed by a channel's device, whatever its method. */
  signed(source: string, address: string, draft: Draft): Uint8Array {
    return renderRouted(draft.routing as Record<string, string>, this.sign(source, address, draft));
  }

  /** The same without anybody's signature. */
  sayRaw(circuit: string, draft: Draft): void {
    this.sayBytes(circuit, render(draft));
  }

  sayBytes(circuit: string, bytes: Uint8Array): void {
    const end = this.#lines.get(circuit)?.end ?? null;
    if (end === null) this.tell({ kind: 'bytes', circuit, bytes });
    else end.send(bytes, this.nowMs);
  }

  /** The next word of a channel's device to this address, or of the `other` device's. */
  sign(source: string, address: string, draft: Draft, other?: string): Uint8Array {
    const [, domain = '', nick = ''] = /^psyc:\/\/([^/]+)\/~([^#]+)/.exec(source) ?? [];
    const device = other ?? devices.find((known) => source.startsWith(channel(nick, known, domain))) ?? 'phone';
    const key = `${domain} ${nick} ${device}`;
    const { fingerprint } = this.identityOf(nick, domain);
    const seed = seedOf(nick, device, domain);
    const { suite } = this.keys;
    const author = this.#authors.get(key) ?? new Author({ suite, fingerprint, device: this.keys.idOf(seed), seed });
    this.#authors.set(key, author);
    return signedContent(author.sign(address, draft, beginUnixMs + this.nowMs + this.aheadMs));
  }

  /** What the peer has heard since it was last asked, greetings and proofs left out. */
  hear(circuit: string): Heard[] {
    return this.#lines.get(circuit)?.heard.splice(0) ?? [];
  }

  /** The same, methods only. */
  methods(circuit: string): (string | null)[] {
    return this.hear(circuit).map(({ method }) => method);
  }

  /** Whether the peer may speak. */
  isProved(circuit: string): boolean {
    return this.#lines.get(circuit)?.end?.isProved === true;
  }

  /** The longest queue of that name. */
  queue(name: string): number | undefined {
    return this.node.queues().find(([known]) => known === name)?.[1];
  }

  #line(name: string, party: Party, accepted: boolean): void {
    const heard: Heard[] = [];
    const { domain } = this;
    const end: CircuitEnd = new CircuitEnd(
      { keys: this.keys, domain, party, accepted, circuitLimits },
      {
        write: (bytes) => this.tell({ kind: 'bytes', circuit: name, bytes }),
        close: () => this.tell({ kind: 'ended', circuit: name }),
        timer: () => {},
        proved: () => {},
        stated: (statement) => void this.stated.set(name, statement),
        packet: (packet, routing) => {
          const ring = ringAsked(packet.method, routing);
          if (ring !== null) {
            this.askedKeys.push(ring);
            const told = this.answersKeys(ring) ? ringTold(this.keys, routing, packet.text('_search') ?? '') : [];
            if (told.length > 0) end.send(joinBytes(...told.map(render)), this.nowMs);
            return;
          }
          if (this.tellsKeys && packet.method === '_request_keys')
            end.send(render(homeTold(this, routing)), this.nowMs);
          const { method, dataText: data } = packet;
          if (!this.hearsCountersignatures && method?.endsWith('_countersignature') === true) return;
          heard.push({ routing: Object.fromEntries(routing), method, data, packet: packet.copy() });
        },
        closed: () => {},
      },
    );
    this.#lines.set(name, { end, heard, read: (bytes) => end.tell({ kind: 'bytes', bytes }, this.nowMs) });
  }

  #perform(effect: NodeEffect): void {
    switch (effect.kind) {
      case 'store':
        if (this.held.store !== null) this.held.store.push(effect.request);
        else this.tell({ kind: 'stored', outcome: this.store.perform(effect.request) });
        break;
      case 'pki':
        this.asked.push(effect.question.kind);
        if (this.held.pki !== null) this.held.pki.push([effect.request, effect.question]);
        else this.#answer(effect.request, effect.question);
        break;
      case 'look up':
        this.tell({ kind: 'looked up', request: effect.request, found: this.dns(effect.domain) });
        break;
      case 'notice':
        this.notices.push(effect.notice);
        break;
      case 'timer':
        this.#timers.set(effect.name, this.nowMs + effect.delayMs);
        break;
      case 'cancel':
        this.#timers.delete(effect.name);
        break;
      case 'connect':
        this.dialled.push(`${effect.circuit} ${effect.to}`);
        break;
      case 'write all':
        for (const circuit of effect.circuits) this.#perform({ kind: 'write', circuit, bytes: effect.bytes });
        break;
      case 'write':
        if (this.drains) this.tell({ kind: 'drained', circuit: effect.circuit, bytes: effect.bytes.length });
        this.#lines.get(effect.circuit)?.read(effect.bytes);
        break;
      case 'told':
        this.told.push(effect.answer);
        break;
      case 'flush':
        break;
      case 'mor':
        this.mor.push(effect.effect);
        break;
      case 'mail':
        this.mail.push(effect.effect);
        break;
      case 'full':
        this.full.push(effect.circuit);
        break;
      case 'close':
        this.closed.push(effect.circuit);
        break;
    }
  }

  #answer(request: number, question: PkiQuestion): void {
    const answer = this.keys.answer(question, this.#options.identity, beginUnixMs + this.nowMs);
    this.tell({ kind: 'answered', request, answer });
  }
}
