/** Requests from nobody that are answered, or known not to be: sent again over fresh routes, each time with a fresh ticket. docs/spec/round-trips.md */
import { Delays } from './delays.ts';
import { tripLimits } from './trip-limits.ts';

/** Why there is no answer; docs/spec/round-trips.md#errors. */
export type TripCode = '_trip_unanswered' | '_trip_dry' | '_trip_refused' | '_trip_excessive' | '_trip_cancelled';

/** What it is told. Names of trips and tickets are whoever's who tells, and so is what an answer is. */
export type TripEvent<Answer = Uint8Array> =
  /** Somebody wants an answer, over so many hops. */
  | { readonly kind: 'ask'; readonly trip: string; readonly hops: number }
  /** The home has taken the request of an attempt; the answer will come on this ticket. */
  | { readonly kind: 'sent'; readonly trip: string; readonly attempt: number; readonly ticket: string }
  /** It could not be sent: there are too few secrets, or the home refuses it. */
  | { readonly kind: 'unsent'; readonly trip: string; readonly attempt: number; readonly isDry: boolean }
  /** New secrets are there. */
  | { readonly kind: 'stocked' }
  /** An answer that could be read came on a ticket. */
  | { readonly kind: 'answered'; readonly ticket: string; readonly answer: Answer }
  /** A part of an answer came on a ticket; `isMore`: others than those that are under way are to be asked for. */
  | { readonly kind: 'part'; readonly ticket: string; readonly isMore: boolean }
  | { readonly kind: 'cancel'; readonly trip: string }
  | { readonly kind: 'wake' };

/** What its shell does. */
export type TripEffect<Answer = Uint8Array> =
  /** Draw a route, make a ticket, seal the request for them, hand it in; answered by `sent` or `unsent`. The request's tag is the trip's, the same each time. */
  | { readonly kind: 'send'; readonly trip: string; readonly attempt: number; readonly hops: number }
  /** Nothing more is awaited on these: stop watching. */
  | { readonly kind: 'forget'; readonly tickets: readonly string[] }
  /** For whoever waits: too few secrets are there, and it goes on by itself when there are more; nothing weaker is used. */
  | { readonly kind: 'dry'; readonly trip: string }
  | { readonly kind: 'answer'; readonly trip: string; readonly answer: Answer; readonly attempts: number }
  | { readonly kind: 'failure'; readonly trip: string; readonly code: TripCode }
  /** Give the event `wake` at this time; a new one replaces the old. */
  | { readonly kind: 'wake'; readonly atMs: number };

interface Trip {
  readonly hops: number;
  readonly endsMs: number;
  /** The newest, counted from 1. */
  attempt: number;
  /** How many there were since anything has come. */
  tries: number;
  /** When the next attempt is due; null: one is being sent, or waits for secrets. */
  dueMs: number | null;
  isDry: boolean;
  /** Whether the home refused the last attempt. */
  isRefused: boolean;
  readonly tickets: Map<string, number>;
}

const { attemptsMax, tripMs, tripsMax } = tripLimits;

/** All round trips of one client. */
export class Trips<Answer = Uint8Array> {
  readonly #trips = new Map<string, Trip>();
  /** The trip of each ticket that is out. */
  readonly #tickets = new Map<string, string>();
  /** By the number of hops: a longer way takes longer. */
  readonly #delays = new Map<number, Delays>();
  #effects: TripEffect<Answer>[] = [];
  #nowMs = 0;
  #wakeMs = Number.POSITIVE_INFINITY;

  /** Takes one event and gives the effects, in order. `nowMs`: a clock that only goes forward. */
  step(event: TripEvent<Answer>, nowMs: number): readonly TripEffect<Answer>[] {
    this.#nowMs = nowMs;
    this.#effects = [];
    this.#take(event);
    this.#look();
    this.#wake(event.kind === 'wake');
    return this.#effects;
  }

  /** Trips under way, and tickets on which something is awaited. */
  get size(): { readonly trips: number; readonly tickets: number } {
    return { trips: this.#trips.size, tickets: this.#tickets.size };
  }

  /** When it is to be woken next; Infinity: nothing is under way. */
  get nextMs(): number {
    return this.#wakeMs;
  }

  #take(event: TripEvent<Answer>): void {
    switch (event.kind) {
      case 'ask':
        this.#ask(event.trip, event.hops);
        break;
      case 'sent':
        this.#sent(event);
        break;
      case 'unsent':
        this.#unsent(event);
        break;
      case 'stocked':
        for (const [name, trip] of this.#trips) if (trip.isDry) this.#send(name, trip);
        break;
      case 'answered':
        this.#answered(event.ticket, event.answer);
        break;
      case 'part':
        this.#part(event.ticket, event.isMore);
        break;
      case 'cancel':
        this.#fail(event.trip, '_trip_cancelled');
        break;
      case 'wake':
        break;
    }
  }

  #ask(name: string, hops: number): void {
    if (this.#trips.size >= tripsMax || this.#trips.has(name)) {
      this.#effects.push({ kind: 'failure', trip: name, code: '_trip_excessive' });
      return;
    }
    const trip = {
      hops,
      endsMs: this.#nowMs + tripMs,
      attempt: 1,
      tries: 1,
      dueMs: null,
      isDry: false,
      isRefused: false,
      tickets: new Map(),
    };
    this.#trips.set(name, trip);
    this.#send(name, trip);
  }

  #send(name: string, trip: Trip): void {
    trip.isDry = false;
    trip.dueMs = null;
    this.#effects.push({ kind: 'send', trip: name, attempt: trip.attempt, hops: trip.hops });
  }

  #sent({ trip: name, attempt, ticket }: TripEvent & { readonly kind: 'sent' }): void {
    const trip = this.#trips.get(name);
    if (trip === undefined || trip.attempt !== attempt) {
      // It has ended meanwhile.
      this.#effects.push({ kind: 'forget', tickets: [ticket] });
      return;
    }
    trip.tickets.set(ticket, this.#nowMs);
    this.#tickets.set(ticket, name);
    trip.isRefused = false;
    trip.dueMs = this.#nowMs + this.#delaysOf(trip).timeoutMs(trip.tries);
  }

  #unsent({ trip: name, attempt, isDry }: TripEvent & { readonly kind: 'unsent' }): void {
    const trip = this.#trips.get(name);
    if (trip === undefined || trip.attempt !== attempt) return;
    trip.isDry = isDry;
    trip.isRefused = !isDry;
    if (isDry) this.#effects.push({ kind: 'dry', trip: name });
    else trip.dueMs = this.#nowMs + this.#delaysOf(trip).timeoutMs(trip.tries);
  }

  /** Something comes through: the next attempt is the first again. */
  #part(ticket: string, isMore: boolean): void {
    const name = this.#tickets.get(ticket);
    const trip = name === undefined ? undefined : this.#trips.get(name);
    if (name === undefined || trip === undefined) return;
    this.#delaysOf(trip).took(this.#nowMs - trip.tickets.get(ticket)!);
    trip.tries = 1;
    // One that is being sent, or waits for secrets, will ask for what lacks by then.
    if (!isMore || trip.dueMs === null) return;
    trip.attempt++;
    this.#send(name, trip);
  }

  /** On whichever attempt's ticket: the first answer counts, also where a later attempt is out. */
  #answered(ticket: string, answer: Answer): void {
    const name = this.#tickets.get(ticket);
    const trip = name === undefined ? undefined : this.#trips.get(name);
    if (name === undefined || trip === undefined) return;
    this.#delaysOf(trip).took(this.#nowMs - trip.tickets.get(ticket)!);
    this.#effects.push({ kind: 'answer', trip: name, answer, attempts: trip.attempt });
    this.#end(name, trip);
  }

  #fail(name: string, code: TripCode): void {
    const trip = this.#trips.get(name);
    if (trip === undefined) return;
    this.#effects.push({ kind: 'failure', trip: name, code });
    this.#end(name, trip);
  }

  #end(name: string, { tickets }: Trip): void {
    this.#trips.delete(name);
    for (const ticket of tickets.keys()) this.#tickets.delete(ticket);
    if (tickets.size > 0) this.#effects.push({ kind: 'forget', tickets: [...tickets.keys()] });
  }

  #look(): void {
    for (const [name, trip] of this.#trips) {
      const isLate = trip.dueMs !== null && trip.dueMs <= this.#nowMs;
      if (trip.endsMs <= this.#nowMs || (isLate && trip.tries >= attemptsMax)) {
        this.#fail(name, trip.isDry ? '_trip_dry' : trip.isRefused ? '_trip_refused' : '_trip_unanswered');
      } else if (isLate) {
        trip.attempt++;
        trip.tries++;
        this.#send(name, trip);
      }
    }
  }

  #wake(isWoken: boolean): void {
    let atMs = Number.POSITIVE_INFINITY;
    for (const { dueMs, endsMs } of this.#trips.values()) atMs = Math.min(atMs, dueMs ?? endsMs, endsMs);
    if (atMs === this.#wakeMs && !isWoken) return;
    this.#wakeMs = atMs;
    if (atMs !== Number.POSITIVE_INFINITY) this.#effects.push({ kind: 'wake', atMs });
  }

  #delaysOf({ hops }: Trip): Delays {
    const known = this.#delays.get(hops) ?? new Delays();
    this.#delays.set(hops, known);
    return known;
  }
}
