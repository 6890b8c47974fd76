/** All links of a listener: a cell is rebroadcast on all on which it has members, and forwarded on one. docs/spec/listener-bots.md#rules */
import type { Suite } from '../crypto/suite.ts';
import { sizes } from '../onion/sizes.ts';
import { renderAsks } from './context-packets.ts';
import type { Counts } from './counts.ts';
import type { ListenerEffect } from './events.ts';
import type { ListenerLimits } from './limits.ts';
import type { Frame } from './frame.ts';
import { Link, type Membership } from './link.ts';
import type { Queued } from './queue.ts';

/** Most frames of a quiet server are these: one is enough, nobody writes into it. */
const idle: Frame = { kind: 'idle', data: new Uint8Array(sizes.cell) };

const sent = { cell: 'sent cell', idle: 'sent idle', asks: 'sent asks', tell: 'sent tell' } as const;

/** The links of one life. */
export class Links {
  readonly #suite: Suite;
  readonly #limits: ListenerLimits;
  readonly #counts: Counts;
  readonly #links = new Map<string, Link>();
  /** The same, to go through at each strike. */
  #list: readonly Link[] = [];
  /** When each of these strikes next, side by side: looked at far more often than the links. */
  #strikesMs = new Float64Array(0);
  #askMs = Number.POSITIVE_INFINITY;
  #nextMs = Number.POSITIVE_INFINITY;

  constructor(suite: Suite, limits: ListenerLimits, counts: Counts) {
    this.#suite = suite;
    this.#limits = limits;
    this.#counts = counts;
  }

  /** A link stands, or stands otherwise; false: there are too many. */
  open(peer: string, membership: Membership, nowMs: number): boolean {
    const link = this.#links.get(peer);
    if (link !== undefined) link.membership = membership;
    else if (this.#links.size >= this.#limits.linksMax) return false;
    else this.#links.set(peer, new Link(peer, membership, this.#limits, this.#suite.random, nowMs));
    this.#relist();
    return true;
  }

  /** What waits for it is gone. */
  close(peer: string): void {
    this.#links.delete(peer);
    this.#relist();
  }

  get(peer: string): Link | undefined {
    return this.#links.get(peer);
  }

  get all(): readonly Link[] {
    return this.#list;
  }

  /** Rule 2: on all links to members of this server's context. */
  rebroadcast(queued: Queued): void {
    for (const { queue, membership } of this.#list) {
      if (membership.isMember) this.#counts.add('dropped from full queue', queue.add(queued));
    }
  }

  /** Rule 3: to the owner of a key, where there is a link to him; none is opened for a cell. */
  forward(queued: Queued, peer: string): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#counts.add('forwarded');
    this.#counts.add('dropped from full queue', link.queue.addForward(queued));
  }

  /** Asks contexts that this server is a member of for their keys, where `lastsMs` says that it is time. */
  ask(lastsMs: (peer: string) => number, nowMs: number): void {
    const { contextRenewMs, contextAskMs } = this.#limits;
    this.#askMs = Number.POSITIVE_INFINITY;
    for (const link of this.#list) {
      if (!link.membership.isMemberThere) continue;
      const lasts = lastsMs(link.peer);
      const againMs = link.askedMs === -1 ? nowMs : link.askedMs + contextAskMs;
      if (nowMs >= againMs && lasts < contextRenewMs) {
        link.askedMs = nowMs;
        link.say('asks', renderAsks());
      }
      this.#askMs = Math.min(this.#askMs, Math.max(nowMs + lasts - contextRenewMs, againMs));
    }
  }

  /** Until when, as far as was known when it was looked last, no context has to be asked. */
  get askMs(): number {
    return this.#askMs;
  }

  /** Frames that leave now: at each strike of a link's clock what waits, or an idle packet, which says nothing and dies at the peer. */
  strike(nowMs: number, unsafe: boolean, effects: ListenerEffect[]): void {
    let nextMs = Number.POSITIVE_INFINITY;
    for (let at = 0; at < this.#strikesMs.length; at++) {
      if (unsafe || this.#strikesMs[at]! <= nowMs) {
        const link = this.#list[at]!;
        const strikes = unsafe ? link.waiting : link.clock.strikes(nowMs, this.#limits.linkMsMean);
        for (let strike = 0; strike < strikes; strike++) effects.push(this.#frame(link, nowMs));
        this.#strikesMs[at] = link.clock.nextMs;
      }
      nextMs = Math.min(nextMs, this.#strikesMs[at]!);
    }
    this.#nextMs = nextMs;
  }

  /** When the first link strikes; Infinity: there is none. */
  get nextMs(): number {
    return this.#nextMs;
  }

  #relist(): void {
    this.#list = [...this.#links.values()];
    this.#strikesMs = Float64Array.from(this.#list, ({ clock }) => clock.nextMs);
    this.#nextMs = Math.min(...this.#strikesMs);
  }

  #frame(link: Link, nowMs: number): ListenerEffect {
    const { frame, expired } = link.take(nowMs);
    this.#counts.add('too old', expired);
    this.#counts.add(sent[frame?.kind ?? 'idle']);
    return { kind: 'send', peer: link.peer, frame: frame ?? idle };
  }
}
