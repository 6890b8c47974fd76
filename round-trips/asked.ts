/** One thing that is asked of somebody as nobody: its cells, and what has come of it. docs/spec/round-trips.md#attempts */
import { hexOf, joinBytes } from '../crypto/bytes.ts';
import type { Suite } from '../crypto/suite.ts';
import { Assembly } from '../onion/assembly.ts';
import { onionLimits } from '../onion/limits.ts';
import type { Hop } from '../onion/seal.ts';
import { parseShard } from '../onion/shard.ts';
import { sizes } from '../onion/sizes.ts';
import { decodeText } from '../psyc/bytes.ts';
import type { Packet } from '../psyc/packet.ts';
import { render } from '../psyc/render.ts';
import { parseUniform } from '../psyc/uniform.ts';
import { packetsIn } from './answer.ts';
import type { AnonymousRequest, AskWish } from './wish.ts';
import { type Demand, routeDemands } from './refill.ts';
import type { StockServer } from './stock.ts';

/** What came of a content. */
export type AskedCame =
  /** It is no answer to this, or a hop has spoilt it. */
  | { readonly kind: 'nothing' }
  | { readonly kind: 'part'; readonly isMore: boolean }
  | { readonly kind: 'answer'; readonly packets: readonly Packet[] };

/** Tickets that one cell carries, beside a short request. */
const TICKETS_MAX = 4;
/** What `_shards` takes of it. */
const SHARDS_BYTES = 32;
const TAG_BYTES = 16;

/** A request until it is over. */
export class Asked {
  readonly request: AnonymousRequest;
  readonly wish: AskWish;
  /** A route there of secrets that are out of the stock, until tickets for it are there too. */
  route: readonly Hop[] | null = null;
  readonly #tag: string;
  /** Tickets that fit beside the request. */
  readonly #room: number;
  readonly #assembly: Assembly;
  /** The message's id and how many shards it has, when one has come. */
  #parted: { readonly id: Uint8Array; readonly n: number } | null = null;
  /** Shards that tickets are out for, by the ticket. */
  readonly #out = new Map<string, number>();

  constructor(suite: Suite, request: AnonymousRequest, wish: AskWish) {
    this.request = request;
    this.wish = wish;
    this.#tag = hexOf(suite.random(TAG_BYTES));
    const left = onionLimits.contentBytesMax - SHARDS_BYTES - this.content([]).length;
    this.#room = Math.max(1, Math.min(TICKETS_MAX, Math.floor(left / sizes.ticket)));
    // Nothing here is packed: who answers does not know what of it is his own.
    this.#assembly = new Assembly(suite, () => null);
  }

  /** The domain of whoever is asked. */
  get host(): string {
    return parseUniform(this.request.target).host;
  }

  /** What is to be fetched for it where the stock is dry; `others`: where its secrets may be but for the last one there. */
  demands(last: StockServer, others: readonly StockServer[]): readonly Demand[] {
    const { level, hops, there } = this.wish;
    const routes = there === 'secrets' && this.route === null ? 1 : 0;
    return routeDemands(last, { level, hops, tickets: this.needed, routes }, others);
  }

  /** How many tickets the next attempt cannot do without: one, or as many as shards lack. */
  get needed(): number {
    return Math.max(1, Math.min(this.#room, this.#lacking().lack));
  }

  /** How many it carries where there are enough: one more each time, since each is another way for the answer. */
  tickets(attempt: number): number {
    return this.#parted === null ? Math.min(this.#room, attempt) : this.needed;
  }

  /** The content of an attempt's cell, with these tickets. */
  content(tickets: readonly { readonly name: string; readonly ticket: Uint8Array }[]): Uint8Array {
    const { target, method, entity } = this.request;
    const wanted = this.#wanted(tickets.length);
    for (const [at, { name }] of tickets.entries()) this.#out.set(name, wanted[at]!);
    const shards = this.#parted === null ? {} : { _shards: wanted.join(' ') };
    const own = { ...entity, _tickets: joinBytes(...tickets.map(({ ticket }) => ticket)), ...shards };
    return render({ routing: { _target: target, _tag: this.#tag }, entity: own, method });
  }

  /** Takes what came on a ticket. `nowMs`: a clock that only goes forward. */
  came(ticket: string, content: Uint8Array | null, nowMs: number): AskedCame {
    this.#out.delete(ticket);
    if (content === null) return { kind: 'nothing' };
    if (content[0] !== 0) return this.#read(content);
    const came = this.#assembly.add(content, nowMs);
    if (came.kind === 'whole') return this.#read(came.message);
    if (came.kind === 'refused') return { kind: 'nothing' };
    const shard = parseShard(content)!;
    this.#parted = { id: shard.id.slice(), n: shard.n };
    return { kind: 'part', isMore: this.#lacking().lack > this.#out.size };
  }

  /** A ticket is waited for no longer. */
  forget(ticket: string): void {
    this.#out.delete(ticket);
  }

  #lacking(): { readonly lack: number; readonly there: readonly number[] } {
    const [block] = this.#parted === null ? [] : (this.#assembly.lacking(this.#parted.id) ?? []);
    return block ?? { lack: 0, there: [] };
  }

  /** The shards to ask for: those that are neither there nor asked for first, then those that were, which may be lost. */
  #wanted(count: number): number[] {
    const { there } = this.#lacking();
    const all = Array.from({ length: this.#parted?.n ?? count }, (_, index) => index);
    const out = new Set(this.#out.values());
    const left = all.filter((index) => !there.includes(index));
    return [...left.filter((index) => !out.has(index)), ...left.filter((index) => out.has(index))].slice(0, count);
  }

  /** Whoever was asked says whose answer it is, and to what. */
  #read(bytes: Uint8Array): AskedCame {
    const packets = packetsIn(bytes) ?? [];
    const isIts = (packet: Packet): boolean =>
      textOf(packet.ownRoute('_source')) === this.request.target && textOf(packet.ownRoute('_tag_relay')) === this.#tag;
    return packets.length > 0 && packets.every(isIts) ? { kind: 'answer', packets } : { kind: 'nothing' };
  }
}

const textOf = (value: string | Uint8Array | undefined): string | undefined =>
  value instanceof Uint8Array ? decodeText(value) : value;
