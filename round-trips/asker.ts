/** Who asks as nobody: routes, tickets, the stock that they are made of, and what comes back, as a machine without clock and network. docs/spec/round-trips.md */
import { bytesOfHex } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { OnionError } from '../onion/error.ts';
import type { Station } from '../onion/route.ts';
import { registrableOf } from '../pki/network.ts';
import type { Packet } from '../psyc/packet.ts';
import { parseUniform } from '../psyc/uniform.ts';
import { Asked, type AnonymousRequest } from './asked.ts';
import type { AskCode, AskerEffect, AskerEvent, AskWish, How } from './asker-events.ts';
import { faultOf, groupsOf, lackOf } from './ask-wish.ts';
import { Fetches } from './fetches.ts';
import { Handing, type Leaving } from './handing.ts';
import { cellOf, routeTo } from './ways.ts';
import { Returns } from './returns.ts';
import { ownersFor, Stock, type StockSecret, type StockServer, type StockWish } from './stock.ts';
import { stockLimits } from './stock-limits.ts';
import { stateOf } from './stock-state.ts';
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

/** A ticket that is out. */
interface Out {
  readonly trip: string;
  /** What its trip calls it: all tickets of one attempt are one to it. */
  readonly attempt: string;
  readonly how: Omit<How, 'attempts' | 'tookMs'>;
  readonly sentMs: number;
}

/** What a cell is for. */
type Handed =
  | { readonly kind: 'fetch'; readonly name: string }
  | { readonly kind: 'trip'; readonly trip: string; readonly attempt: number };

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
  readonly #asked = new Map<string, Asked>();
  /** By the ticket's name. */
  readonly #out = new Map<string, Out>();
  /** Trips that wait for secrets. */
  readonly #dry = new Set<string>();
  #stations: readonly Station[] = [];
  #servers: readonly StockServer[] = [];
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
    this.#stock = new Stock(options.suite.random, options.kept);
    this.#returns = new Returns(options.suite);
    this.#fetches = new Fetches(options.suite, this.#returns);
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
  get fault(): ReturnType<typeof lackOf> {
    return lackOf(this.wish, this.#servers);
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
      case 'stations': {
        this.#stations = event.stations;
        const own = registrableOf(this.#options.home);
        // Who hands cells in to it is known to the home: as a hop it would know more than others.
        this.#servers = event.stations
          .filter(({ group }) => group !== own)
          .map(({ domain, group }) => ({ domain, group }));
        break;
      }
      case 'ask':
        this.#ask(event.trip, event.request, event.wish);
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

  #ask(trip: string, request: AnonymousRequest, { hops, level }: AskWish): void {
    const fault = this.#asked.has(trip) ? '_trip_excessive' : faultOf({ hops, level });
    if (fault !== null) {
      this.#effects.push({ kind: 'failure', trip, code: fault });
      return;
    }
    this.#deafMs = 0;
    this.#asked.set(trip, new Asked(this.#suite, request, { hops, level, tickets: 1 }));
    this.#trip({ kind: 'ask', trip, hops });
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
        for (const attempt of effect.tickets) this.#forget(attempt);
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
    const { wish, request } = asked;
    const last = this.#lastOf(request);
    if (last === undefined) {
      this.#give(trip, '_anonymous_unreachable');
      return;
    }
    const way = { stations: this.#stations, home: this.#options.home, hops: wish.hops };
    const route = routeTo(this.#suite, way, last, this.#unixMs);
    const servers = this.#serversBut(last);
    if (route === null || groupsOf(servers) < wish.hops) {
      this.#give(trip, '_anonymous_excessive_hops');
      return;
    }
    const made = this.#tickets(asked, attempt, servers);
    if (made.length === 0) {
      const lack = lackOf(wish, this.#servers);
      if (lack === null) this.#trip({ kind: 'unsent', trip, attempt, isDry: true });
      else this.#give(trip, lack);
      return;
    }
    const thereMs = route.reduce((sum, { delayMs }) => sum + delayMs, 0);
    const name = `${trip} ${attempt}`;
    for (const { name: ticket, delayMs } of made) {
      const how = { hopsThere: route.length, hopsBack: wish.hops, level: wish.level, drawnMs: thereMs + delayMs };
      this.#out.set(ticket, { trip, attempt: name, how, sentMs: this.#nowMs });
    }
    try {
      const cell = cellOf(this.#suite, route, 'exit', asked.content(made), this.#unixMs);
      this.#handing.hold({ kind: 'trip', trip, attempt }, cell);
    } catch (error) {
      if (!(error instanceof OnionError)) throw error;
      this.#give(trip, error.code);
    }
  }

  /** The server that is asked; undefined: the home does not know it. */
  #lastOf({ target }: AnonymousRequest): Station | undefined {
    const { host } = parseUniform(target);
    return this.#stations.find(({ domain }) => domain === host);
  }

  /** Those that the answer may come over: who is asked, or owns who is asked, would see his own answer again on its way. */
  #serversBut({ group: not }: Station): readonly StockServer[] {
    return this.#servers.filter(({ group }) => group !== not);
  }

  /** Nobody waits for what he cannot hear; it is fetched again in a while, or when somebody asks. */
  #deafen(): void {
    for (const trip of [...this.#asked.keys()]) this.#give(trip, '_mor_excessive_watches');
    this.#fetches.drop();
    this.#watched = '';
    this.#deafMs = this.#nowMs + DEAF_MS;
  }

  /** As many as are wished, if they can be made; none: it is dry. */
  #tickets(asked: Asked, attempt: number, servers: readonly StockServer[]) {
    const made: ReturnType<Returns['ticket']>[] = [];
    while (made.length < asked.tickets(attempt)) {
      const secrets = this.#stock.take(asked.wish, this.#nowSeconds, servers);
      if (secrets === null) break;
      this.#handing.changed();
      made.push(this.#returns.ticket(secrets, this.#nowSeconds));
    }
    return made;
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
    for (const [ticket, out] of this.#out) if (out.trip === trip) this.#drop(ticket);
  }

  #forget(attempt: string): void {
    for (const [ticket, out] of this.#out) if (out.attempt === attempt) this.#drop(ticket);
  }

  #drop(ticket: string): void {
    const out = this.#out.get(ticket);
    this.#out.delete(ticket);
    this.#returns.forget(ticket);
    if (out !== undefined) this.#asked.get(out.trip)?.forget(ticket);
  }

  #hear(cell: Uint8Array): void {
    const returned = this.#returns.read(cell, this.#nowSeconds);
    if (returned === null) return;
    const { name } = returned;
    const content = returned.kind === 'answer' ? returned.content : null;
    const out = this.#out.get(name);
    if (out === undefined) {
      const secret = this.#fetches.came(name, content, this.#nowMs, this.#unixMs);
      if (secret !== null && this.#stock.add(secret)) {
        this.#handing.changed();
        this.#trip({ kind: 'stocked' });
      }
      return;
    }
    this.#out.delete(name);
    this.#answered(out, name, content);
  }

  #answered({ trip, attempt, how, sentMs }: Out, ticket: string, content: Uint8Array | null): void {
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
    else if (of !== null) this.#trip({ kind: 'unsent', trip: of.trip, attempt: of.attempt, isDry: false });
  }

  #tidy(): void {
    this.#fetches.tidy(this.#nowMs);
    this.#returns.tidy(this.#nowSeconds);
    this.#stock.tidy(this.#nowSeconds);
  }

  /** Fetches what lacks: for who waits, then for the stock. */
  #refill(): void {
    if (this.#deafMs > this.#nowMs) return;
    const dry = [...this.#dry].flatMap((trip) => {
      const asked = this.#asked.get(trip);
      const last = asked === undefined ? undefined : this.#lastOf(asked.request);
      if (asked === undefined || last === undefined) return [];
      return [{ wish: { ...asked.wish, tickets: asked.needed }, among: this.#serversBut(last) }];
    });
    for (const { wish, among } of [...dry, { wish: this.#options.wish, among: this.#servers }]) {
      for (;;) {
        const coming = this.#fetches.coming(this.#nowMs);
        if (coming.length >= stockLimits.comingMax) return;
        const servers = this.#fetches.enough(among, wish.hops, this.#nowMs);
        const all = this.#fetches.enough(this.#servers, ownersFor(wish.level), this.#nowMs);
        if (servers === null || all === null) break;
        const task = this.#stock.next(wish, servers, this.#nowSeconds, coming, all);
        if (task === null) break;
        if (task.kind === 'agree') this.#handing.changed();
        const way = { stations: this.#stations, home: this.#options.home, hops: wish.hops };
        const begun = this.#fetches.begin(task, way, this.#nowMs, this.#unixMs);
        if (begun === null) return;
        this.#handing.hold({ kind: 'fetch', name: begun.name }, begun.cell);
      }
    }
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
    for (const leaving of this.#handing.due((of) => of.kind === 'fetch' || this.#asked.has(of.trip)))
      this.#leave(leaving);
    this.#tellStock();
    const nexts = [this.#trips.nextMs, this.#fetches.nextMs(this.#nowMs)];
    const atMs = Math.min(...nexts, ...(this.#deafMs > this.#nowMs ? [this.#deafMs] : []));
    if ((atMs === this.#wakeMs && !isWoken) || atMs === Number.POSITIVE_INFINITY) return;
    this.#wakeMs = atMs;
    this.#effects.push({ kind: 'wake', atMs });
  }

  #leave({ hand, of, cell }: Leaving<Handed>): void {
    if (of.kind === 'trip')
      this.#trip({ kind: 'sent', trip: of.trip, attempt: of.attempt, ticket: `${of.trip} ${of.attempt}` });
    this.#effects.push({ kind: 'hand', hand, cell });
  }

  #tellStock(): void {
    const coming = this.#fetches.coming(this.#nowMs).length;
    const state = stateOf(this.#stock, this.wish, this.#servers, this.#nowSeconds, coming);
    const told = JSON.stringify(state);
    if (told === this.#told) return;
    this.#told = told;
    this.#effects.push({ kind: 'stock', state });
  }
}
