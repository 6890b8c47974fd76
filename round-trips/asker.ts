/** Who asks as nobody: routes, tickets, the stock that they are made of, and what comes back, as a machine without clock and network. docs/spec/round-trips.md */
import { bytesOfHex } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { OnionError } from '../onion/error.ts';
import type { Hop } from '../onion/seal.ts';
import type { Packet } from '../psyc/packet.ts';
import { Asked } from './asked.ts';
import type { AskCode, AskerEffect, AskerEvent, How } from './asker-events.ts';
import type { AnonymousRequest, AskWish } from './wish.ts';
import { faultOf } from './ask-wish.ts';
import { AwaitedRoutes } from './awaited.ts';
import { Drawing } from './drawing.ts';
import { Fetches } from './fetches.ts';
import { Handing, type Leaving } from './handing.ts';
import { fetchFor } from './refill.ts';
import { Outstanding, type OutTicket } from './outstanding.ts';
import { Returns } from './returns.ts';
import { Servers } from './servers.ts';
import { Stock, type StockSecret, type StockWish } from './stock.ts';
import { stateOf } from './stock-state.ts';
import { cellOf } from './ways.ts';
import { type TripEffect, type TripEvent, Trips } from './trips.ts';

/** What it begins with. */
export interface AskerOptions {
  readonly suite: Suite;
  /** The domain that cells are handed to. */
  readonly home: string;
  /** What was kept. */
  readonly kept: readonly StockSecret[];
  /** What is to be there at any time; with no tickets nothing is fetched but what a question needs. */
  readonly wish: StockWish;
}

/** An answer, and how it came, but for how often it was asked for. */
interface Came {
  readonly packets: readonly Packet[];
  readonly how: Omit<How, 'attempts'>;
}

/** What leaves: a cell, or a route for somebody who makes his own. */
type Handed =
  | { readonly kind: 'fetch'; readonly name: string; readonly cell: Uint8Array }
  | { readonly kind: 'trip'; readonly trip: string; readonly attempt: number; readonly cell: Uint8Array }
  | { readonly kind: 'route'; readonly trip: string; readonly hops: readonly Hop[] };

/** After the home has given no copies nothing is fetched for so long. */
const DEAF_MS = 60_000;

/** One client's, in one session. */
export class Asker {
  readonly #options: AskerOptions;
  readonly #suite: Suite;
  readonly #stock: Stock;
  readonly #trips = new Trips<Came>();
  readonly #returns: Returns;
  readonly #fetches: Fetches;
  readonly #drawing: Drawing;
  readonly #asked = new Map<string, Asked>();
  readonly #out = new Outstanding();
  /** Trips that wait for secrets. */
  readonly #dry = new Set<string>();
  readonly #awaited = new AwaitedRoutes();
  readonly #servers: Servers;
  readonly #handing = new Handing<Handed>();
  #watched = '';
  #told = '';
  #wakeMs = -1;
  /** Until then nothing is fetched: the home gave no copies. */
  #deafMs = 0;
  #effects: AskerEffect[] = [];
  #nowMs = 0;
  #unixMs = 0;

  constructor(options: AskerOptions) {
    this.#options = options;
    this.#suite = options.suite;
    this.#servers = new Servers(options.home);
    this.#stock = new Stock(options.suite.random, options.kept);
    this.#returns = new Returns(options.suite);
    this.#fetches = new Fetches(options.suite, this.#returns);
    const means = { suite: options.suite, stock: this.#stock, servers: this.#servers, returns: this.#returns };
    this.#drawing = new Drawing({ ...means, taken: () => this.#handing.changed() });
  }

  /** Takes one event and gives the effects, in order. `nowMs`: a clock that only goes forward; `unixMs`: Unix time. */
  step(event: AskerEvent, nowMs: number, unixMs: number): readonly AskerEffect[] {
    this.#nowMs = nowMs;
    this.#unixMs = unixMs;
    this.#effects = [];
    this.#take(event);
    this.#tidy();
    this.#refill();
    this.#end(event.kind === 'wake');
    return this.#effects;
  }

  get wish(): StockWish {
    return this.#options.wish;
  }

  /** Why what is wished for cannot be had of the servers that there are; null: it can. */
  get fault(): ReturnType<Servers['lack']> {
    return this.#servers.lack(this.wish);
  }

  /** Trips under way, tickets and deposits that are out. */
  get size(): { readonly trips: number; readonly out: number } {
    return { trips: this.#asked.size, out: this.#returns.hints.length };
  }

  get #nowSeconds(): number {
    return Math.floor(this.#unixMs / 1000);
  }

  #take(event: AskerEvent): void {
    switch (event.kind) {
      case 'stations':
        this.#servers.set(event.stations);
        break;
      case 'ask':
        this.#ask(event.trip, event.request, event.wish);
        break;
      case 'route':
        this.#await(event);
        break;
      case 'cancel':
        this.#trip({ kind: 'cancel', trip: event.trip });
        break;
      case 'heard':
        for (const cell of event.cells) this.#hear(cell);
        break;
      case 'deaf':
        this.#deafen();
        break;
      case 'taken':
        this.#handing.answered(event.hand);
        break;
      case 'refused':
        this.#refused(event.hand);
        break;
      case 'kept':
        this.#handing.kept(event.keeping);
        break;
      case 'wake':
        this.#trip({ kind: 'wake' });
        break;
    }
  }

  #ask(trip: string, request: AnonymousRequest, wish: AskWish): void {
    const fault = this.#isKnown(trip) ? '_trip_excessive' : faultOf(wish);
    if (fault !== null) {
      this.#effects.push({ kind: 'failure', trip, code: fault });
      return;
    }
    this.#deafMs = 0;
    this.#asked.set(trip, new Asked(this.#suite, request, wish));
    this.#trip({ kind: 'ask', trip, hops: wish.hops });
  }

  #await({ trip, end, wish }: AskerEvent & { readonly kind: 'route' }): void {
    const last = this.#servers.find(end);
    const fault = faultOf(wish) ?? this.#servers.faultTo(last, wish, wish.hops - 1);
    const isAwaited =
      fault === null && !this.#isKnown(trip) && this.#awaited.add(trip, { end: last!, wish }, this.#nowMs);
    if (!isAwaited) {
      this.#effects.push({ kind: 'failure', trip, code: fault ?? '_trip_excessive' });
      return;
    }
    this.#deafMs = 0;
    this.#serve();
    if (this.#awaited.has(trip)) this.#effects.push({ kind: 'dry', trip });
  }

  #isKnown(trip: string): boolean {
    return this.#asked.has(trip) || this.#awaited.has(trip);
  }

  /** Gives routes to who waits for them, as far as there are secrets. */
  #serve(): void {
    const served = this.#awaited.served(
      ({ end, wish }) => this.#drawing.routeOfSecrets(wish, end, this.#unixMs),
      this.#nowMs,
    );
    for (const [trip, hops] of served) this.#handing.hold({ kind: 'route', trip, hops });
  }

  #trip(event: TripEvent<Came>): void {
    for (const effect of this.#trips.step(event, this.#nowMs)) this.#perform(effect);
  }

  #perform(effect: TripEffect<Came>): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect.trip, effect.attempt);
        break;
      case 'forget':
        this.#drop(({ attempt }) => effect.tickets.includes(attempt));
        break;
      case 'dry':
        this.#dry.add(effect.trip);
        this.#effects.push(effect);
        break;
      case 'answer': {
        const { trip, answer, attempts } = effect;
        this.#over(trip);
        this.#effects.push({ kind: 'answer', trip, packets: answer.packets, how: { ...answer.how, attempts } });
        break;
      }
      case 'failure':
        // Of what was given up here that has been told.
        if (!this.#asked.has(effect.trip)) break;
        this.#over(effect.trip);
        this.#effects.push(effect);
        break;
      case 'wake':
        // Asked of it behind each step.
        break;
    }
  }

  /** Makes an attempt's tickets and its cell, which leaves when it is durable that their secrets are not in the stock any more. */
  #send(trip: string, attempt: number): void {
    const asked = this.#asked.get(trip);
    if (asked === undefined) return;
    this.#dry.delete(trip);
    const { wish, host } = asked;
    const last = this.#servers.find(host);
    const fault = this.#servers.faultOfAsk(last, wish);
    if (fault !== null || last === undefined) {
      this.#give(trip, fault ?? '_anonymous_unreachable');
      return;
    }
    const servers = this.#servers.but(last);
    const route = asked.route ?? this.#drawing.route(wish, last, this.#unixMs);
    const made = route === null ? [] : this.#drawing.tickets(wish, asked.tickets(attempt), servers, this.#unixMs);
    if (route === null || made.length === 0) {
      // One of secrets is out of the stock by now.
      asked.route = wish.there === 'secrets' ? route : null;
      const isFew = wish.there !== 'secrets' && route === null;
      const lack = isFew ? '_anonymous_excessive_hops' : this.#servers.lack(wish);
      if (lack === null) this.#trip({ kind: 'unsent', trip, attempt, isDry: true });
      else this.#give(trip, lack);
      return;
    }
    asked.route = null;
    const thereMs = route.reduce((sum, { delayMs }) => sum + delayMs, 0);
    const name = `${trip} ${attempt}`;
    const { level, hops: hopsBack, there = 'keys' } = wish;
    for (const { name: ticket, delayMs } of made) {
      const how = { hopsThere: route.length, there, hopsBack, level, drawnMs: thereMs + delayMs };
      this.#out.set(ticket, { trip, attempt: name, how, sentMs: this.#nowMs });
    }
    try {
      const cell = cellOf(this.#suite, route, 'exit', asked.content(made), this.#unixMs);
      this.#handing.hold({ kind: 'trip', trip, attempt, cell });
    } catch (error) {
      if (!(error instanceof OnionError)) throw error;
      this.#give(trip, error.code);
    }
  }

  /** Nobody waits for what he cannot hear; it is fetched again in a while, or when somebody asks. */
  #deafen(): void {
    for (const trip of [...this.#asked.keys(), ...this.#awaited.drop()]) this.#give(trip, '_mor_excessive_watches');
    this.#fetches.drop();
    this.#watched = '';
    this.#deafMs = this.#nowMs + DEAF_MS;
  }

  /** It cannot be sent at all. */
  #give(trip: string, code: AskCode): void {
    this.#over(trip);
    this.#effects.push({ kind: 'failure', trip, code });
    this.#trip({ kind: 'cancel', trip });
  }

  #over(trip: string): void {
    this.#asked.delete(trip);
    this.#dry.delete(trip);
    this.#drop((out) => out.trip === trip);
  }

  /** Nothing is awaited on these any more. */
  #drop(is: (out: OutTicket) => boolean): void {
    for (const [ticket, { trip }] of this.#out.take(is)) {
      this.#returns.forget(ticket);
      this.#asked.get(trip)?.forget(ticket);
    }
  }

  #hear(cell: Uint8Array): void {
    const returned = this.#returns.read(cell, this.#nowSeconds);
    if (returned === null) return;
    const { name } = returned;
    const content = returned.kind === 'answer' ? returned.content : null;
    const out = this.#out.came(name);
    if (out === undefined) {
      const secret = this.#fetches.came(name, content, this.#nowMs, this.#unixMs);
      if (secret !== null && this.#stock.add(secret)) {
        this.#handing.changed();
        this.#trip({ kind: 'stocked' });
        this.#serve();
      }
      return;
    }
    this.#answered(out, name, content);
  }

  #answered({ trip, attempt, how, sentMs }: OutTicket, ticket: string, content: Uint8Array | null): void {
    const asked = this.#asked.get(trip);
    const came = asked?.came(ticket, content, this.#nowMs) ?? { kind: 'nothing' };
    if (came.kind === 'part') this.#trip({ kind: 'part', ticket: attempt, isMore: came.isMore });
    else if (came.kind === 'answer') {
      const answer = { packets: came.packets, how: { ...how, tookMs: this.#nowMs - sentMs } };
      this.#trip({ kind: 'answered', ticket: attempt, answer });
    }
  }

  #refused(hand: number): void {
    const of = this.#handing.answered(hand);
    if (of?.kind === 'fetch') this.#fetches.refused(of.name);
    else if (of?.kind === 'trip') this.#trip({ kind: 'unsent', trip: of.trip, attempt: of.attempt, isDry: false });
  }

  #tidy(): void {
    this.#fetches.tidy(this.#nowMs);
    this.#returns.tidy(this.#nowSeconds);
    this.#stock.tidy(this.#nowSeconds);
    if (this.#awaited.nextMs > this.#nowMs) return;
    for (const trip of this.#awaited.drop()) this.#effects.push({ kind: 'failure', trip, code: '_trip_dry' });
  }

  /** Fetches what lacks: for who waits, then for the stock. */
  #refill(): void {
    if (this.#deafMs > this.#nowMs) return;
    const dry = [...this.#dry].flatMap((trip) => {
      const asked = this.#asked.get(trip);
      const last = asked && this.#servers.find(asked.host);
      return asked && last ? asked.demands(last, this.#servers.but(last)) : [];
    });
    const { wish } = this.#options;
    const demands = [
      ...dry,
      ...this.#awaited.demands((end) => this.#servers.but(end)),
      { wish, among: this.#servers.keepers, hops: wish.hops },
    ];
    fetchFor(demands, {
      ...{ stock: this.#stock, fetches: this.#fetches, servers: this.#servers.keepers, way: this.#servers.way },
      ...{ nowMs: this.#nowMs, unixMs: this.#unixMs },
      taken: () => this.#handing.changed(),
      hold: (begun) => this.#handing.hold({ kind: 'fetch', ...begun }),
    });
  }

  /** Keeping first, watching next, then the cells that need not wait. */
  #end(isWoken: boolean): void {
    const keeping = this.#handing.toKeep();
    if (keeping !== null) this.#effects.push({ kind: 'keep', keeping, secrets: this.#stock.all });
    const { hints } = this.#returns;
    const watched = hints.join('');
    if (watched !== this.#watched) {
      this.#watched = watched;
      this.#effects.push({ kind: 'watch', hints: hints.map((hint) => bytesOfHex(hint)!) });
    }
    // A trip may be over by now.
    for (const leaving of this.#handing.due((of) => of.kind !== 'trip' || this.#asked.has(of.trip)))
      this.#leave(leaving);
    this.#tellStock();
    const nexts = [this.#trips.nextMs, this.#fetches.nextMs(this.#nowMs), this.#awaited.nextMs];
    const atMs = Math.min(...nexts, ...(this.#deafMs > this.#nowMs ? [this.#deafMs] : []));
    if ((atMs === this.#wakeMs && !isWoken) || atMs === Number.POSITIVE_INFINITY) return;
    this.#wakeMs = atMs;
    this.#effects.push({ kind: 'wake', atMs });
  }

  #leave({ hand, of }: Leaving<Handed>): void {
    if (of.kind === 'route') {
      this.#handing.answered(hand);
      this.#effects.push(of);
      return;
    }
    if (of.kind === 'trip')
      this.#trip({ kind: 'sent', trip: of.trip, attempt: of.attempt, ticket: `${of.trip} ${of.attempt}` });
    this.#effects.push({ kind: 'hand', hand, cell: of.cell });
  }

  #tellStock(): void {
    const coming = this.#fetches.coming(this.#nowMs).length;
    const state = stateOf(this.#stock, this.wish, this.#servers.keepers, this.#nowSeconds, coming);
    const told = JSON.stringify(state);
    if (told === this.#told) return;
    this.#told = told;
    this.#effects.push({ kind: 'stock', state });
  }
}
