/** The asker at work: its effects done at the person's home, on the clock and the disk. docs/spec/round-trips.md */
import type { Hop } from '../../onion/seal.ts';
import type { Packet } from '../../psyc/packet.ts';
import { parseUniform } from '../../psyc/uniform.ts';
import type { Value } from '../../psyc/render.ts';
import type { Asker } from '../../round-trips/asker.ts';
import type { AskCode, AskerEffect, AskerEvent, How, StockState } from '../../round-trips/asker-events.ts';
import type { AnonymousRequest, AskWish } from '../../round-trips/wish.ts';
import type { StockSecret, WayWish } from '../../round-trips/stock.ts';
import { AnonymousError } from './error.ts';
import { askingForCopies, copyIn } from './copies.ts';
import type { Believed } from './stations.ts';

/** Asks of one's own home: what is told, the last word last; a code that was excused; null: it was refused otherwise. */
export interface AskedHome {
  ask(asking: {
    readonly target: string;
    readonly method: string;
    readonly entity?: Readonly<Record<string, Value>>;
    readonly excused?: readonly string[];
  }): Promise<readonly { readonly packet: Packet }[] | string | null>;
}

/** What is told while it is asked. */
type AskingNews =
  | (AskerEffect & { readonly kind: 'stock' | 'dry' })
  | { readonly kind: 'missed'; readonly cells: number };

/** What it works with. */
export interface AskingOptions {
  readonly asker: Asker;
  readonly home: AskedHome;
  /** `psyc://domain/$mor` of the home. */
  readonly mor: string;
  /** Whether all cells are taken that the home hears, so that it does not learn which are wanted. */
  readonly isAll: boolean;
  /** The servers that the home knows now, as far as it is believed; null: it refuses to say, and that has been told. */
  readonly stations: () => Promise<Believed | null>;
  readonly keep: (secrets: readonly StockSecret[]) => Promise<void>;
  readonly now: () => { readonly monotoneMs: number; readonly wallMs: number };
  readonly after: (delayMs: number, wake: () => void) => () => void;
  /** Told how full the stock is, which trip waits for it, and of how many cells the home had no room for copies. */
  readonly told?: (news: AskingNews) => void;
}

/** Why nothing came of it. */
export interface AskFailure {
  readonly kind: 'failure';
  readonly code: AskCode;
}

/** What came of a question. */
export type AskOutcome =
  | { readonly kind: 'answer'; readonly packets: readonly Packet[]; readonly how: How }
  | AskFailure;

/** A route for one cell, or why there is none. */
export type RouteOutcome = { readonly kind: 'route'; readonly hops: readonly Hop[] } | AskFailure;

const lacks = {
  _anonymous_excessive_hops: 'your home knows servers of too few owners for tickets over so many hops',
  _anonymous_excessive_level: 'your home knows servers of too few owners for secrets of that level',
} as const;

const DEAF =
  'your home gives copies of no more cells: other devices or programs of yours ask for some, or too many people do';

/** How soon it is asked again which servers there are: one that is gone is no hop. */
const STATIONS_MS = 30_000;

/** One session's. */
export class Asking {
  readonly #options: AskingOptions;
  readonly #waiting = new Map<string, (outcome: AskOutcome | RouteOutcome) => void>();
  readonly #filled: { readonly resolve: () => void; readonly reject: (error: AnonymousError) => void }[] = [];
  #state: StockState | null = null;
  #trips = 0;
  #believed: Believed | null = null;
  /** What is being kept, one after the other. */
  #keeping: Promise<void> = Promise.resolve();
  /** Of the last wish for copies; its answers are followed by the same question. */
  #wish = 0;
  #isHearingAll = false;
  /** The home has given no copies when it was asked last. */
  #isDeaf = false;
  #cancel: () => void = () => {};
  #cancelStations: () => void = () => {};
  #isOver = false;
  #fail: (error: unknown) => void = () => {};
  readonly #failed: Promise<never>;

  constructor(options: AskingOptions) {
    this.#options = options;
    this.#failed = new Promise((_, reject) => {
      this.#fail = reject;
    });
    // Whoever waits for something hears of it.
    this.#failed.catch(() => {});
  }

  /** Begins: secrets are fetched from now on, at the servers of the moment. false: the home refuses, and that has been told. Rejects as `stations`. */
  async begin(): Promise<boolean> {
    const believed = await this.#options.stations();
    if (believed === null) return false;
    this.#believed = believed;
    // Nobody sees whose a one-time layer is: it is passed from no context to another.
    this.#tell({ kind: 'stations', stations: believed.stations.filter(({ isFirst }) => isFirst) });
    this.#cancelStations = this.#options.after(STATIONS_MS, () => {
      if (!this.#isOver) this.begin().catch(this.#fail);
    });
    return true;
  }

  /**
   * Asks; rejects where the home refuses everything, or the disk does, and with AnonymousError `_anonymous_unvouched` where only the
   * home vouches for enough servers there or back.
   */
  async request(request: AnonymousRequest, wish: AskWish): Promise<AskOutcome> {
    this.#believed?.check(wish.hops, parseUniform(request.target).host);
    this.#believed?.check(wish.hops, null);
    return this.#outcome<AskOutcome>((trip) => ({ kind: 'ask', trip, request, wish }));
  }

  /** A route over one-time secrets that ends at this domain, when there is one: nobody else gets it. Rejects as `request`. */
  async route(end: string, wish: WayWish): Promise<RouteOutcome> {
    this.#believed?.check(wish.hops, end);
    return this.#outcome<RouteOutcome>((trip) => ({ kind: 'route', trip, end, wish }));
  }

  #outcome<Outcome>(eventOf: (trip: string) => AskerEvent): Promise<Outcome> {
    const trip = String(++this.#trips);
    const outcome = new Promise<Outcome>((come) => {
      this.#waiting.set(trip, (told) => come(told as Outcome));
    });
    this.#tell(eventOf(trip));
    return Promise.race([outcome, this.#failed]);
  }

  /** Resolves when as many tickets as are wished for could be made; rejects as `request`, and with `_mor_excessive_watches` where the home gives no copies. */
  async filled(): Promise<void> {
    this.#believed?.check(this.#options.asker.wish.hops, null);
    const { fault } = this.#options.asker;
    if (fault !== null) throw new AnonymousError(fault, lacks[fault]);
    if (this.#isDeaf) throw new AnonymousError('_mor_excessive_watches', DEAF);
    const filled = new Promise<void>((resolve, reject) => void this.#filled.push({ resolve, reject }));
    this.#look();
    return Promise.race([filled, this.#failed]);
  }

  /** Nothing more is done; what was fetched and has not come is lost. Resolves when the disk is left alone. */
  async stop(): Promise<void> {
    this.#isOver = true;
    this.#cancel();
    this.#cancelStations();
    await this.#keeping;
  }

  #tell(event: AskerEvent): void {
    if (this.#isOver) return;
    const { asker, now } = this.#options;
    const { monotoneMs, wallMs } = now();
    for (const effect of asker.step(event, monotoneMs, wallMs)) this.#perform(effect);
  }

  #perform(effect: AskerEffect): void {
    switch (effect.kind) {
      case 'keep': {
        const { keeping, secrets } = effect;
        this.#keeping = this.#keeping
          .then(() => this.#options.keep(secrets))
          .then(() => this.#tell({ kind: 'kept', keeping }))
          .catch(this.#fail);
        break;
      }
      case 'watch':
        this.#watch(effect.hints).catch(this.#fail);
        break;
      case 'hand':
        this.#hand(effect.hand, effect.cell).catch(this.#fail);
        break;
      case 'answer':
      case 'route':
      case 'failure':
        this.#waiting.get(effect.trip)?.(effect);
        this.#waiting.delete(effect.trip);
        break;
      case 'dry':
        this.#options.told?.(effect);
        break;
      case 'stock':
        this.#state = effect.state;
        this.#options.told?.(effect);
        this.#look();
        break;
      case 'wake': {
        this.#cancel();
        const delayMs = Math.max(0, effect.atMs - this.#options.now().monotoneMs);
        this.#cancel = this.#options.after(delayMs, () => this.#tell({ kind: 'wake' }));
        break;
      }
    }
  }

  #look(): void {
    if (this.#state === null || this.#state.ready < this.#state.wished) return;
    for (const { resolve } of this.#filled.splice(0)) resolve();
  }

  /** Whoever waits hears that nothing can come. */
  #deafen(): void {
    this.#isHearingAll = false;
    this.#isDeaf = true;
    for (const { reject } of this.#filled.splice(0)) reject(new AnonymousError('_mor_excessive_watches', DEAF));
    this.#tell({ kind: 'deaf' });
  }

  async #hand(hand: number, cell: Uint8Array): Promise<void> {
    const { home, mor } = this.#options;
    const asking = { target: mor, method: '_request_mor_cell', entity: { _cell: cell }, excused: ['_mor_full'] };
    const told = await home.ask(asking);
    if (told === null) throw new Refused();
    this.#tell({ kind: typeof told === 'string' ? 'refused' : 'taken', hand });
  }

  /** Asks for copies again and again, as long as nothing else is wished. */
  async #watch(hints: readonly Uint8Array[]): Promise<void> {
    const { home, mor, isAll } = this.#options;
    // Who takes all of them need not ask otherwise for what he wants now.
    if (isAll && this.#isHearingAll) return;
    this.#isHearingAll = isAll;
    if (hints.length > 0) this.#isDeaf = false;
    const wish = ++this.#wish;
    const asking = askingForCopies(mor, isAll ? [] : hints, ['_mor_excessive_watches']);
    while (!this.#isOver && wish === this.#wish && (isAll || hints.length > 0)) {
      const told = await home.ask(asking);
      if (told === null) throw new Refused();
      if (typeof told === 'string') {
        this.#deafen();
        return;
      }
      const missed = Number(told.at(-1)?.packet.text('_missed') ?? 0);
      if (missed > 0) this.#options.told?.({ kind: 'missed', cells: missed });
      const cells = told.flatMap(({ packet }) => {
        const cell = copyIn(packet);
        return cell === null ? [] : [cell];
      });
      if (cells.length > 0) this.#tell({ kind: 'heard', cells });
    }
  }
}

/** The home has refused what nothing goes on without, and that has been told. */
export class Refused extends Error {
  override readonly name = 'Refused';
}
