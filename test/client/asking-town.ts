/** Servers that open what is theirs and pass it on, with loss, on a clock of their own: what an asker is tried on. */
import { hexOf } from '../../crypto/bytes.ts';
import { Asker } from '../../client/anonymous/asker.ts';
import type { AskCode, AskerEffect, AskerEvent, AskWish, How } from '../../client/anonymous/asker-events.ts';
import type { AnonymousRequest } from '../../client/anonymous/asked.ts';
import type { StockSecret, StockWish } from '../../client/anonymous/stock.ts';
import { place } from '../../listener-bots/placing.ts';
import { fieldsOf, onionOf } from '../../onion/cell.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { openOnion } from '../../onion/holder.ts';
import { type KeyPair, newPair } from '../../onion/keys.ts';
import { oneTimeTag } from '../../onion/layer.ts';
import type { Station } from '../../onion/route.ts';
import { cutMessage } from '../../onion/split.ts';
import { sizes } from '../../onion/sizes.ts';
import { useTicket } from '../../onion/ticket.ts';
import type { Packet } from '../../psyc/packet.ts';
import { Parser } from '../../psyc/parse.ts';
import { render } from '../../psyc/render.ts';
import { suite } from '../../server/suite.ts';
import { TestClock } from './test-clock.ts';

const UNIX_MS = 1_795_000_000_000;
const WEEK = 8 * 86_400;

interface Server {
  readonly pair: KeyPair;
  /** One-time secrets by their tags. */
  readonly slots: Map<string, Uint8Array>;
}

/** What came of a trip. */
export type Told =
  | { readonly kind: 'answer'; readonly packets: readonly Packet[]; readonly how: How }
  | { readonly kind: 'failure'; readonly code: AskCode };

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
  (bytes: number): Service =>
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
  readonly clock = new TestClock();
  /** Of a hundred cells that leave somewhere so many are lost. */
  lossPercent = 0;
  service: Service = echo;
  /** Whether servers agree on secrets. */
  agrees = true;
  /** Servers that are gone: what is for them goes nowhere. */
  readonly down = new Set<string>();
  /** How often each tag came to the service. */
  readonly served = new Map<string, number>();
  /** Secrets that were burnt, hexadecimal; one twice is a mistake. */
  readonly burnt: string[] = [];
  /** What is on the asker's disk. */
  kept: readonly StockSecret[] = [];
  /** How long it takes the disk. */
  diskMs = 5;
  asker: Asker;
  readonly told = new Map<string, Told>();
  readonly dry = new Set<string>();
  readonly #wish: StockWish;
  #watched = new Set<string>();
  #life = 0;
  /** Secrets that cells of the asker may use: those that its disk does not have any more. */
  handed = 0;

  constructor(wish: StockWish, names: readonly string[] = ['a', 'b', 'c', 'd', 'e']) {
    this.#wish = wish;
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

  tell(event: AskerEvent): void {
    for (const effect of this.asker.step(event, this.clock.nowMs, UNIX_MS + this.clock.nowMs)) this.#perform(effect);
  }

  /** Time passes, until something holds. */
  run(ms: number, until: () => boolean = () => false): void {
    this.clock.run(ms, until);
  }

  #begin(): Asker {
    this.asker = new Asker({ suite, home: 'a.test', kept: this.kept, wish: this.#wish });
    this.tell({ kind: 'stations', stations: this.stations });
    return this.asker;
  }

  #perform(effect: AskerEffect): void {
    const life = this.#life;
    const later = (ms: number, event: AskerEvent): void =>
      this.clock.at(ms, () => (life === this.#life ? this.tell(event) : undefined));
    switch (effect.kind) {
      case 'keep':
        this.clock.at(this.diskMs, () => {
          if (life !== this.#life) return;
          this.kept = effect.secrets;
          this.tell({ kind: 'kept', keeping: effect.keeping });
        });
        break;
      case 'watch':
        this.#watched = new Set(effect.hints.map(hexOf));
        break;
      case 'hand':
        this.handed++;
        later(0, { kind: 'taken', hand: effect.hand });
        this.#putOut(new Uint8Array(onionOf(effect.cell)));
        break;
      case 'answer':
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

  /** Everybody hears it, and whose it is opens it. */
  #putOut(onion: Uint8Array): void {
    if (suite.random(1)[0]! * 100 < this.lossPercent * 256) return;
    this.clock.at(50 + suite.random(1)[0]!, () => {
      if (this.#watched.has(hexOf(fieldsOf(onion).hint))) {
        const cell = new Uint8Array(sizes.cell);
        cell.set(onion, sizes.envelope);
        this.tell({ kind: 'heard', cells: [cell] });
      }
      for (const [domain, server] of this.servers) if (!this.down.has(domain)) this.#open(domain, server, onion);
    });
  }

  #open(domain: string, { pair, slots }: Server, onion: Uint8Array): void {
    const nowSeconds = Math.floor((UNIX_MS + this.clock.nowMs) / 1000);
    const oneTime = (tag: Uint8Array) => slots.get(hexOf(tag)) ?? null;
    const holder = { oneTime, keys: new KnownKeys(suite, [{ publicKey: pair.publicKey, value: pair }]), users: [] };
    const opened = openOnion(suite, onion, holder, nowSeconds);
    if (opened === null || 'refused' in opened.layer) return;
    const { layer, by } = opened;
    if ('secret' in by) {
      slots.delete(hexOf(oneTimeTag(suite, by.secret)));
      this.burnt.push(hexOf(by.secret));
    }
    if (layer.deposit !== null) this.#keep(slots, layer.deposit.secret);
    const { outcome } = layer;
    if (outcome.kind === 'relay') this.clock.at(outcome.delayMs, () => this.#putOut(outcome.onion));
    if (outcome.kind !== 'exit') return;
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
    const tickets = packet.value('_tickets')!;
    const contents = this.service(packet, tickets.length / sizes.ticket);
    for (const [at, content] of contents.entries()) {
      const ticket = tickets.slice(at * sizes.ticket, (at + 1) * sizes.ticket);
      if (content !== null) this.#putOut(useTicket(suite, ticket, content, nowSeconds, suite.random));
    }
  }

  #keep(slots: Map<string, Uint8Array>, secret: Uint8Array): void {
    slots.set(hexOf(oneTimeTag(suite, secret)), secret);
  }
}
