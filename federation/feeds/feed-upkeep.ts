/** How a server that is not somebody's home keeps up with his publications: the way to his home, and whom it is reconciled with when. docs/spec/feeds.md#following */
import { backoffMs } from '../../circuit/backoff.ts';
import { encodeText } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import type { Desk, LinkChange } from '../desk.ts';
import { type Ending, Exchange } from './feed-exchange.ts';
import type { FeedHub } from './feed-hub.ts';
import type { FeedLog } from './feed-log.ts';
import type { Letter } from '../letter.ts';
import { record } from '../records.ts';
import { waking } from '../waking.ts';

/** What it needs of its feed. */
export interface UpkeepOwner {
  readonly context: string;
  readonly author: string;
  /** The domain where the author lives. */
  readonly home: string;
  readonly desk: Desk;
  readonly hub: FeedHub;
  readonly log: FeedLog;
  readonly followers: () => number;
  /** The log's newest row. */
  readonly last: () => number;
  /** Hands publications to another server. */
  readonly give: (to: string, ids: readonly Uint8Array[]) => void;
  /** What there was before is here, or does not come for now. */
  readonly known: () => void;
  /** The home says that nobody of that name lives there. */
  readonly unknown: () => void;
  /** When something was taken here last, as it was written, Unix milliseconds; null: nothing was, or nobody knows. */
  readonly owedMs: () => number | null;
}

/** How exactly it is written when something was taken last. */
const OWED_MS = 86_400_000;

/** One feed's. */
export class FeedUpkeep {
  readonly #owner: UpkeepOwner;
  readonly #isHome: boolean;
  #exchange: Exchange | null = null;
  /** Whom to exchange with next. */
  #next: string | null = null;
  /** How many rows there were when the exchange began. */
  #before = -1;
  /** The way to the home is watched. */
  #changed: ((change: LinkChange) => void) | null = null;
  #isOwed = false;
  /** Whether the store knows that this must wake with its node. */
  #isRegistered = false;
  #isCaughtUp: boolean;
  /** When something was taken last, nearly; null: nobody knows. */
  #owedMs: number | null = null;
  #turn = 0;
  #asked = 0;
  /** Exchanges in a row of which nothing came. */
  #failures = 0;

  constructor(owner: UpkeepOwner) {
    this.#owner = owner;
    this.#isHome = owner.home === owner.desk.domain;
    this.#isCaughtUp = this.#isHome;
  }

  get isIdle(): boolean {
    return this.#exchange === null && this.#changed === null;
  }

  /** Whether the home may lack something that is here. */
  get isOwed(): boolean {
    return this.#isOwed;
  }

  /** Whether all that the home had is here, as it was some time in this life. */
  get isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  /** It is known who follows, and how long the log is. */
  loaded(): void {
    const { followers, last } = this.#owner;
    this.#owedMs = this.#owner.owedMs();
    this.#isOwed = !this.#isHome && last() > 0 && !this.#isGivenUp;
    // It may have been woken for what is given up by now.
    this.#isRegistered = followers() > 0 || last() > 0;
    this.attend();
  }

  /** The store knows by now whether this must wake with its node. */
  registered(isRegistered: boolean): void {
    if (!this.#isHome) this.#isRegistered = isRegistered;
  }

  /** Operations beside an append. */
  beside(): Operation[] {
    const { context, desk } = this.#owner;
    if (this.#isHome) return [];
    const operations = this.#isRegistered ? [] : [waking(context, desk, true)];
    if (this.#owedMs !== null && desk.unixMs - this.#owedMs < OWED_MS) return operations;
    this.#owedMs = desk.unixMs;
    return [...operations, record(context, 'owed', encodeText(String(this.#owedMs)))];
  }

  /** A row has been added, which this domain has brought, or its author's device. */
  recorded(from: string | null): void {
    if (this.#isHome) return;
    this.#isRegistered = true;
    if (from !== this.#owner.home) this.#isOwed = true;
    this.attend();
  }

  /** An answer of this domain; others' count for nothing. */
  answered(letter: Letter, from: string): void {
    if (this.#exchange?.peer === from) this.#exchange.answered(letter);
  }

  /** The circuit to a domain is gone. */
  lost(domain: string): void {
    if (this.#exchange?.peer !== domain) return;
    this.#exchange.stop();
    this.#exchange = null;
    if (domain === this.#owner.home) this.#owe();
    this.#owner.known();
  }

  /** Keeps the way to the home open as long as there is something to be heard or told. */
  attend(): void {
    if (this.#isHome) return;
    const { desk, home, followers } = this.#owner;
    const isNeeded = followers() > 0 || this.#isOwed;
    if (isNeeded === (this.#changed !== null)) {
      if (this.#isOwed) this.exchangeSoon(home);
      return;
    }
    const link = desk.linkTo(home);
    if (link === null) return;
    if (this.#changed !== null) {
      link.unwatch(this.#changed);
      this.#changed = null;
      return;
    }
    this.#changed = (change) => {
      if (change === 'connected') this.#begin(home);
      else if (change === 'disconnected') this.lost(home);
    };
    link.watch(this.#changed);
    if (link.isUp) this.#begin(home);
    this.#pull();
  }

  /** What was taken here so long ago is offered to the home no more: it may be gone for ever. */
  get #isGivenUp(): boolean {
    const { desk } = this.#owner;
    const { feedOwedMsMax } = desk.options.federationLimits;
    return this.#owedMs !== null && desk.unixMs - this.#owedMs > feedOwedMsMax;
  }

  /** What is hinted at is asked for, what was accepted is told. */
  exchangeSoon(peer: string): void {
    const { context, desk, home } = this.#owner;
    if (this.#next === home || this.#next === peer) return;
    this.#next = peer;
    // Who does not give what he has is asked again, later each time.
    const { retryMsMin } = desk.options.deliveryLimits;
    const delayMs = backoffMs(this.#failures, retryMsMin, desk.options.federationLimits.feedPullMs);
    desk.timer(`feed soon ${context}`, delayMs, () => {
      const next = this.#next;
      this.#next = null;
      if (next !== null) this.#begin(next);
    });
  }

  /** The set is not needed for now. */
  forgetLater(): void {
    const { context, desk, log } = this.#owner;
    desk.timer(`feed set over ${context}`, desk.options.federationLimits.feedPullMs, () => {
      if (this.#exchange === null) log.release();
    });
  }

  /** From time to time: with the home where it is there, else with another server that may have heard something. */
  #pull(): void {
    const { context, desk, hub, home } = this.#owner;
    desk.timer(`feed pull ${context}`, desk.options.federationLimits.feedPullMs, () => {
      if (this.#changed === null) return;
      if (this.#isGivenUp) {
        this.#isOwed = false;
        this.#settle();
      }
      if (this.#changed === null) return;
      const linked = hub.linked();
      const peer = linked.includes(home) ? home : linked[this.#turn++ % Math.max(1, linked.length)];
      if (peer !== undefined) this.#begin(peer);
      this.#pull();
    });
  }

  #begin(peer: string): void {
    const { desk, log, author, home, hub, followers, last, give } = this.#owner;
    if (!hub.linked().includes(peer)) return;
    if (this.#exchange !== null) {
      if (this.#exchange.peer !== peer) this.exchangeSoon(peer);
      return;
    }
    const isWithHome = peer === home;
    if (isWithHome) this.#isOwed = false;
    this.#before = last();
    const exchange = new Exchange({
      desk,
      log,
      author,
      peer,
      nextTag: () => `${desk.options.life}.${++this.#asked}`,
      follows: isWithHome && followers() > 0,
      send: (letter) => hub.send(peer, letter),
      give: (to, ids) => {
        // Until the next time shows that it has come.
        if (isWithHome) this.#isOwed = true;
        give(to, ids);
      },
      over: (ending) => this.#over(exchange, ending),
    });
    this.#exchange = exchange;
    exchange.begin();
  }

  #over(exchange: Exchange, ending: Ending): void {
    if (this.#exchange !== exchange) return;
    const { last, home, known, unknown } = this.#owner;
    const { peer } = exchange;
    const isWithHome = peer === home;
    this.#exchange = null;
    if (isWithHome && ending !== 'equal') this.#owe();
    this.#failures = ending === 'partly' && last() <= this.#before ? this.#failures + 1 : 0;
    const isAgain = ending === 'partly' || (ending === 'equal' && isWithHome && this.#isOwed);
    if (isAgain) this.exchangeSoon(peer);
    else this.forgetLater();
    this.#isCaughtUp ||= isWithHome && ending === 'equal';
    if (isWithHome && ending === 'unknown') unknown();
    else if (ending !== 'partly') known();
    this.#settle();
  }

  /** Nobody knows what the home has. */
  #owe(): void {
    this.#isOwed ||= !this.#isHome && this.#owner.last() > 0 && !this.#isGivenUp;
  }

  /** The home has everything, and nobody here follows: this need not wake any more. */
  #settle(): void {
    const { context, desk, followers } = this.#owner;
    if (this.#isHome || this.#isOwed || followers() > 0) return;
    if (this.#isRegistered) {
      this.#isRegistered = false;
      desk.ask({ kind: 'write', operations: [waking(context, desk, false)] }, () => {});
    }
    this.attend();
  }
}
