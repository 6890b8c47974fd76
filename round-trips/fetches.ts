/** Secrets that are being fetched for the stock: a cell for each, and what of it comes back. docs/spec/round-trips.md#stock */
import type { Suite } from '../crypto/suite.ts';
import { bareCell, envelopeFiller } from '../onion/cell.ts';
import { askExchange, endExchange, type ExchangeMemory } from '../onion/exchange.ts';
import { midnightExpiry } from '../onion/expiry.ts';
import { onionLimits } from '../onion/limits.ts';
import { drawDelayMs, type Station } from '../onion/route.ts';
import { sealOnion } from '../onion/seal.ts';
import { render } from '../psyc/render.ts';
import { groupsOf } from './ask-wish.ts';
import { Delays } from './delays.ts';
import { packetsIn } from './answer.ts';
import { cellOf, routeThrough, routeTo, type Way } from './ways.ts';
import type { Returns } from './returns.ts';
import type { ComingSecret, StockSecret, StockServer, StockTask } from './stock.ts';

interface Fetch {
  readonly at: StockServer;
  readonly level: number;
  /** What a deposit has left there when it has come back. */
  readonly secret: Uint8Array | null;
  readonly expiry: number;
  readonly exchange: ExchangeMemory | null;
  readonly sentMs: number;
  readonly dueMs: number;
  /** It was late, which is held against its server once. */
  isLate: boolean;
}

/** A server that lets one wait is asked for nothing for so long, twice as long each time, as long as others do. */
const SHUN_MS = 30_000;
const SHUN_TIMES_MAX = 6;
/** Of so many that is remembered, and the one that was late the longest ago goes: a home names whom it likes. */
const SHUNNED_MAX = 1_024;

/** What is late may come all the same for so long; meanwhile another is fetched. */
const LATE_MS = 120_000;

/** Those of one client, by the name under which each comes back. */
export class Fetches {
  readonly #suite: Suite;
  readonly #returns: Returns;
  readonly #fetches = new Map<string, Fetch>();
  /** Servers that did not answer in time, how often one after the other. */
  readonly #shunned = new Map<string, { readonly times: number; readonly untilMs: number }>();
  /** By what is done: an agreement goes two ways. */
  readonly #delays = { deposit: new Delays(), agree: new Delays() };

  constructor(suite: Suite, returns: Returns) {
    this.#suite = suite;
    this.#returns = returns;
  }

  /** What is under way, and not late. */
  coming(nowMs: number): readonly ComingSecret[] {
    const all = [...this.#fetches.values()].filter(({ dueMs }) => dueMs > nowMs);
    return all.map(({ at, level }) => ({ group: at.group, level }));
  }

  /** Of these servers those that have not let us wait lately, where they are of enough owners, else all; null: no number of secrets would do. */
  enough(servers: readonly StockServer[], hops: number, nowMs: number): readonly StockServer[] | null {
    const prompt = servers.filter(({ domain }) => (this.#shunned.get(domain)?.untilMs ?? 0) <= nowMs);
    if (groupsOf(prompt) >= hops) return prompt;
    return groupsOf(servers) >= hops ? servers : null;
  }

  /** When the next of them is late; Infinity: none will be. */
  nextMs(nowMs: number): number {
    const dues = [...this.#fetches.values()].flatMap(({ dueMs }) => (dueMs > nowMs ? [dueMs] : []));
    return Math.min(Number.POSITIVE_INFINITY, ...dues);
  }

  /** The cell for a task; null: there is no route. Unix time beside the clock. */
  begin(
    task: StockTask,
    way: Way,
    nowMs: number,
    unixMs: number,
  ): { readonly name: string; readonly cell: Uint8Array } | null {
    const last = way.stations.find(({ domain }) => domain === task.at.domain);
    if (last === undefined) return null;
    const timeoutMs = this.#delays[task.kind].timeoutMs(1);
    const isDeposit = task.kind === 'deposit';
    const made = isDeposit ? this.#deposit(way, last, timeoutMs, unixMs) : this.#agree(task, way, last, unixMs);
    if (made === null) return null;
    const { name, cell, ...kept } = made;
    const dueMs = nowMs + timeoutMs;
    const level = isDeposit ? 0 : task.level;
    this.#fetches.set(name, { at: task.at, level, ...kept, sentMs: nowMs, dueMs, isLate: false });
    return { name, cell };
  }

  /** None of them can come. */
  drop(): void {
    for (const name of [...this.#fetches.keys()]) this.refused(name);
  }

  /** The home has not taken it. */
  refused(name: string): void {
    this.#fetches.delete(name);
    this.#returns.forget(name);
  }

  /** A deposit has come back, or an answer (its content): the secret that is there now; null: it is nothing that was fetched, or no answer. */
  came(name: string, content: Uint8Array | null, nowMs: number, unixMs: number): StockSecret | null {
    const fetch = this.#fetches.get(name);
    if (fetch === undefined) return null;
    this.#fetches.delete(name);
    const { at, level, exchange } = fetch;
    this.#shunned.delete(at.domain);
    this.#delays[exchange === null ? 'deposit' : 'agree'].took(nowMs - fetch.sentMs);
    const told = exchange === null ? fetch : this.#agreed(exchange, content, unixMs);
    return told?.secret === null || told === null
      ? null
      : { secret: told.secret, ...at, level, origin: name, expiry: told.expiry };
  }

  /** Sees what is late, and forgets what is too late to come. */
  tidy(nowMs: number): void {
    for (const [name, fetch] of this.#fetches) {
      if (fetch.dueMs <= nowMs && !fetch.isLate) this.#shun(fetch, nowMs);
      if (fetch.dueMs + LATE_MS <= nowMs) this.refused(name);
    }
  }

  #shun(fetch: Fetch, nowMs: number): void {
    fetch.isLate = true;
    const { domain } = fetch.at;
    const times = Math.min(SHUN_TIMES_MAX, (this.#shunned.get(domain)?.times ?? 0) + 1);
    this.#shunned.delete(domain);
    for (const [oldest] of this.#shunned) if (this.#shunned.size >= SHUNNED_MAX) this.#shunned.delete(oldest);
    this.#shunned.set(domain, { times, untilMs: nowMs + SHUN_MS * 2 ** (times - 1) });
  }

  /**
   * The last layer is our own: whoever sees his onion come back knows that it has been where it was to go. Between it and the server
   * that keeps the secret is another, so that this one does not send on what our home looks for.
   */
  #deposit(way: Way, last: Station, timeoutMs: number, unixMs: number) {
    const suite = this.#suite;
    const nowSeconds = Math.floor(unixMs / 1000);
    const route = routeThrough(suite, way, last, onionLimits.layersMax - 1, unixMs);
    if (route === null) return null;
    // Looked for as long as it is not given up, which is judged by the other clock: a second more than both round away.
    const { name, hop } = this.#returns.back(nowSeconds, Math.ceil((timeoutMs + LATE_MS) / 1000) + 1);
    const server = route.length - 2;
    // Each of them passes it on, so each is told to wait.
    const hops = route.map((one, at) => ({
      ...one,
      isDeposit: at === server,
      delayMs: at === route.length - 1 ? drawDelayMs(suite.random) : one.delayMs,
    }));
    const sealed = sealOnion(suite, [...hops, hop], 'discard', new Uint8Array(0), nowSeconds, suite.random);
    const { secret, untilSeconds } = sealed.deposits[server]!;
    const cell = bareCell(sealed.onion, envelopeFiller(suite, suite.random));
    return { name, cell, secret, expiry: untilSeconds, exchange: null };
  }

  #agree({ at, over }: StockTask & { readonly kind: 'agree' }, way: Way, last: Station, unixMs: number) {
    const suite = this.#suite;
    const route = routeTo(suite, way, last, unixMs);
    if (route === null) return null;
    const { question, memory } = askExchange(suite, suite.random);
    const { name, ticket } = this.#returns.ticket(over, Math.floor(unixMs / 1000));
    const content = render({
      routing: { _target: `psyc://${at.domain}/$mor` },
      entity: { _exchange: question, _ticket: ticket },
      method: '_request_mor_secret',
    });
    return { name, cell: cellOf(suite, route, 'exit', content, unixMs), secret: null, expiry: 0, exchange: memory };
  }

  #agreed(exchange: ExchangeMemory, content: Uint8Array | null, unixMs: number) {
    const [packet] = content === null ? [] : (packetsIn(content) ?? []);
    const [answer, told = ''] = [packet?.value('_exchange'), packet?.text('_expires')];
    if (packet?.method !== '_echo_mor_secret' || answer === undefined || !/^[0-9]{1,10}$/.test(told)) return null;
    const now = Math.floor(unixMs / 1000);
    const secret = endExchange(this.#suite, exchange, answer);
    // Whoever says that he keeps it longer than anybody does is not believed.
    const expiry = Math.min(Number(told), midnightExpiry(now));
    return secret === null ? null : { secret, expiry };
  }
}
