/** Five servers that open what is theirs and pass it on, with loss and without the flood between them: what an asker and messages in parts are tried on. docs/simulator.md#round-trips */
import { hexOf } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { Asker } from '../../round-trips/asker.ts';
import type { AskCode, AskerEffect, AskerEvent, How } from '../../round-trips/asker-events.ts';
import type { AnonymousRequest, AskWish } from '../../round-trips/wish.ts';
import type { StockSecret, StockWish } from '../../round-trips/stock.ts';
import { place } from '../../listener-bots/placing.ts';
import { fieldsOf, onionOf } from '../../onion/cell.ts';
import { drawBelow } from '../../onion/chance.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { openOnion } from '../../onion/holder.ts';
import { type KeyPair, newPair } from '../../onion/keys.ts';
import { oneTimeTag } from '../../onion/layer.ts';
import type { Station } from '../../onion/route.ts';
import type { Hop } from '../../onion/seal.ts';
import { cutMessage } from '../../onion/split.ts';
import { sizes } from '../../onion/sizes.ts';
import { useTicket } from '../../onion/ticket.ts';
import type { Packet } from '../../psyc/packet.ts';
import { Parser } from '../../psyc/parse.ts';
import { render } from '../../psyc/render.ts';
import { Clock } from '../clock.ts';
import { beginUnixMs } from '../scenes/circuit-end.ts';

const WEEK = 8 * 86_400;

interface Server {
  readonly pair: KeyPair;
  /** One-time secrets by their tags. */
  readonly slots: Map<string, Uint8Array>;
}

/** What came of a trip, or of waiting for a route. */
export type Told =
  | { readonly kind: 'answer'; readonly packets: readonly Packet[]; readonly how: How }
  | { readonly kind: 'failure'; readonly code: AskCode }
  | { readonly kind: 'route'; readonly hops: readonly Hop[] };

/** What a service makes of a request: the content of each ticket's answer; null: nothing. */
export type Service = (request: Packet, tickets: number) => readonly (Uint8Array | null)[];

/** The same on each ticket. */
export const echo: Service = (request, tickets) => {
  const routing = { _source: 'psyc://b.test/$echo', _tag_relay: String(request.ownRoute('_tag')) };
  const entity = { _said: request.value('_said') ?? new Uint8Array() };
  return Array.from({ length: tickets }, () => render({ routing, entity, method: '_echo_said' }));
};

/** So many bytes, in shards, those that were asked for. */
export const parted =
  (suite: Suite, bytes: number): Service =>
  (request, tickets) => {
    const routing = { _source: 'psyc://b.test/$echo', _tag_relay: String(request.ownRoute('_tag')) };
    const message = render({ routing, method: '_echo_said', data: 'x'.repeat(bytes) });
    let drawn = 0;
    const cut = cutMessage(suite, message, (length) => new Uint8Array(length).fill(++drawn));
    const wanted = request.text('_shards')?.split(' ').map(Number) ?? Array.from({ length: tickets }, (_, at) => at);
    return wanted.map((index) => cut.blocks[0]!.contents[index] ?? null);
  };

/** A town of five, and one asker at a.test. */
export class AskingTown {
  readonly servers = new Map<string, Server>();
  readonly clock = new Clock();
  readonly suite: Suite;
  /** Of a hundred cells that leave somewhere so many are lost. */
  lossPercent = 0;
  service: Service = echo;
  /** Whether servers agree on secrets. */
  agrees = true;
  /** Layers that servers have opened, by what for. */
  readonly opened = { keys: 0, secrets: 0 };
  /** Servers that are gone: what is for them goes nowhere. */
  readonly down = new Set<string>();
  /** How often each tag came to the service. */
  readonly served = new Map<string, number>();
  /** How many onions were put out for each one-time secret that a server has kept, by its tag. */
  readonly #uses = new Map<string, number>();
  /** A disk that says at once that something is durable, and writes it later. */
  isDiskLying = false;
  /** What is on the asker's disk. */
  kept: readonly StockSecret[] = [];
  /** How long it takes the disk. */
  diskMs = 5;
  asker: Asker;
  readonly told = new Map<string, Told>();
  readonly dry = new Set<string>();
  /** What its stock is wished to be from its next life on. */
  wish: StockWish;
  #watched = new Set<string>();
  #life = 0;
  /** Cells that the asker has handed in. */
  handed = 0;
  /** Takes parts of messages, wherever they come out. */
  part: (content: Uint8Array) => void = () => {};

  /** `suite`: whose chance decides everything. */
  constructor(suite: Suite, wish: StockWish, names: readonly string[] = ['a', 'b', 'c', 'd', 'e']) {
    this.suite = suite;
    this.wish = wish;
    for (const name of names)
      this.servers.set(`${name}.test`, { pair: newPair(suite, suite.random), slots: new Map() });
    this.asker = this.#begin();
  }

  /** The client dies, and begins with what was on its disk. */
  restart(): void {
    this.#life++;
    this.#watched = new Set();
    this.told.clear();
    this.asker = this.#begin();
  }

  get stations(): Station[] {
    return [...this.servers].map(([domain, { pair }]) => ({
      domain,
      group: domain,
      keys: [{ publicKey: pair.publicKey, beginsMs: 0 }],
    }));
  }

  ask(trip: string, wish: AskWish, entity: AnonymousRequest['entity'] = {}, target = 'psyc://b.test/$echo'): void {
    this.tell({ kind: 'ask', trip, request: { target, method: '_request_said', entity }, wish });
  }

  /** Secrets that were used, and of these such as were used for two onions: whoever sees both joins what they belong to. */
  get used(): { readonly once: number; readonly twice: number } {
    const uses = [...this.#uses.values()];
    return { once: uses.filter((times) => times > 0).length, twice: uses.filter((times) => times > 1).length };
  }

  /** Whether somebody has used this. */
  isUsed(secret: Uint8Array): boolean {
    return (this.#uses.get(hexOf(oneTimeTag(this.suite, secret))) ?? 0) > 0;
  }

  /** So many seconds the clocks of servers are ahead of the asker's. */
  aheadSeconds = 0;

  /** Unix time at the servers. */
  get nowSeconds(): number {
    return Math.floor((beginUnixMs + this.clock.nowMs) / 1000) + this.aheadSeconds;
  }

  /** Somebody hands an onion in. */
  hand(onion: Uint8Array): void {
    this.#putOut(onion);
  }

  tell(event: AskerEvent): void {
    for (const effect of this.asker.step(event, this.clock.nowMs, beginUnixMs + this.clock.nowMs))
      this.#perform(effect);
  }

  /** Time passes, until something holds. */
  run(ms: number, until: () => boolean = () => false): void {
    const endMs = this.clock.nowMs + ms;
    let isOver = false;
    this.clock.after(1000 * ms, () => {
      isOver = true;
    });
    while (!until() && !isOver && this.clock.nowMs <= endMs) this.clock.tick();
  }

  #begin(): Asker {
    this.asker = new Asker({ suite: this.suite, home: 'a.test', kept: this.kept, wish: this.wish });
    this.tell({ kind: 'stations', stations: this.stations });
    return this.asker;
  }

  #perform(effect: AskerEffect): void {
    const life = this.#life;
    const later = (ms: number, event: AskerEvent): void =>
      this.#after(ms, () => (life === this.#life ? this.tell(event) : undefined));
    switch (effect.kind) {
      case 'keep': {
        const kept = { kind: 'kept', keeping: effect.keeping } as const;
        if (this.isDiskLying) later(0, kept);
        this.#after(this.diskMs, () => {
          if (life !== this.#life) return;
          this.kept = effect.secrets;
          if (!this.isDiskLying) this.tell(kept);
        });
        break;
      }
      case 'watch':
        this.#watched = new Set(effect.hints.map(hexOf));
        break;
      case 'hand':
        this.handed++;
        later(0, { kind: 'taken', hand: effect.hand });
        this.#putOut(new Uint8Array(onionOf(effect.cell)));
        break;
      case 'answer':
      case 'route':
      case 'failure':
        if (this.told.has(effect.trip)) throw new Error('it is told twice');
        this.told.set(effect.trip, effect);
        break;
      case 'dry':
        this.dry.add(effect.trip);
        break;
      case 'stock':
        break;
      case 'wake':
        later(effect.atMs - this.clock.nowMs, { kind: 'wake' });
        break;
    }
  }

  #after(ms: number, happen: () => void): void {
    this.clock.after(Math.ceil(1000 * Math.max(0, ms)), happen);
  }

  /** Everybody hears it, and whose it is opens it. */
  #putOut(onion: Uint8Array): void {
    const tag = hexOf(fieldsOf(onion).hint);
    const uses = this.#uses.get(tag);
    if (uses !== undefined) this.#uses.set(tag, uses + 1);
    if (drawBelow(this.suite.random, 100) < this.lossPercent) return;
    this.#after(50 + this.suite.random(1)[0]!, () => {
      if (this.#watched.has(tag)) {
        const cell = new Uint8Array(sizes.cell);
        cell.set(onion, sizes.envelope);
        this.tell({ kind: 'heard', cells: [cell] });
      }
      for (const [domain, server] of this.servers) if (!this.down.has(domain)) this.#open(domain, server, onion);
    });
  }

  #open(domain: string, { pair, slots }: Server, onion: Uint8Array): void {
    const { suite } = this;
    const { nowSeconds } = this;
    const oneTime = (tag: Uint8Array) => slots.get(hexOf(tag)) ?? null;
    const holder = { oneTime, keys: new KnownKeys(suite, [{ publicKey: pair.publicKey, value: pair }]), users: [] };
    const opened = openOnion(suite, onion, holder, nowSeconds);
    if (opened === null || 'refused' in opened.layer) return;
    const { layer, by } = opened;
    this.opened['secret' in by ? 'secrets' : 'keys']++;
    if ('secret' in by) slots.delete(hexOf(oneTimeTag(suite, by.secret)));
    if (layer.deposit !== null) this.#keep(slots, layer.deposit.secret);
    const { outcome } = layer;
    if (outcome.kind === 'relay') this.#after(outcome.delayMs, () => this.#putOut(outcome.onion));
    if (outcome.kind !== 'exit') return;
    if (outcome.content[0] === 0) {
      this.part(outcome.content);
      return;
    }
    const parser = new Parser();
    parser.feed(outcome.content);
    const packet = parser.next()!;
    if (packet.method === '_request_mor_secret') {
      const placed = this.agrees ? place(suite, domain, packet, nowSeconds, WEEK) : null;
      if (placed === null || 'code' in placed) return;
      this.#keep(slots, placed.slot.secret);
      this.#putOut(placed.onion);
      return;
    }
    const tag = String(packet.ownRoute('_tag'));
    this.served.set(tag, (this.served.get(tag) ?? 0) + 1);
    const tickets = packet.value('_tickets') ?? new Uint8Array();
    const contents = this.service(packet, tickets.length / sizes.ticket);
    for (const [at, content] of contents.entries()) {
      const ticket = tickets.slice(at * sizes.ticket, (at + 1) * sizes.ticket);
      if (content !== null) this.#putOut(useTicket(suite, ticket, content, nowSeconds, suite.random));
    }
  }

  #keep(slots: Map<string, Uint8Array>, secret: Uint8Array): void {
    const tag = hexOf(oneTimeTag(this.suite, secret));
    slots.set(tag, secret);
    this.#uses.set(tag, 0);
  }
}
