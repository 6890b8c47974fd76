/** A link to another server: what waits for it, when the next frame leaves, how much it may bring. docs/spec/listener-bots.md#links */
import type { Random } from '../onion/keys.ts';
import { Bucket } from './bucket.ts';
import type { Frame } from './frame.ts';
import type { ListenerLimits } from './limits.ts';
import { PoissonClock } from '../onion/poisson.ts';
import { LinkQueue } from './queue.ts';

/** Who hears whom over a link. */
export interface Membership {
  /** The peer is a member of this server's MOR context. */
  readonly isMember: boolean;
  /** This server is a member of the peer's. */
  readonly isMemberThere: boolean;
}

/** One link, as long as it stands. */
export class Link {
  readonly peer: string;
  membership: Membership;
  readonly queue: LinkQueue;
  readonly bucket: Bucket;
  readonly clock: PoissonClock;
  /** When the peer's context was last asked for its key; -1: not yet on this link. */
  askedMs = -1;
  /** A question and an answer that wait for the next frame: each is one, however often it is wanted. */
  #asks: Uint8Array | null = null;
  #tell: Uint8Array | null = null;

  constructor(peer: string, membership: Membership, limits: ListenerLimits, random: Random, nowMs: number) {
    this.peer = peer;
    this.membership = membership;
    this.queue = new LinkQueue(limits.queueCellsMax, limits.queuedMsMax);
    this.bucket = new Bucket(limits.bucketFramesPerSecond, limits.bucketFramesMax, nowMs);
    this.clock = new PoissonClock(random, limits.linkMsMean, limits.lateMsMax, nowMs);
  }

  /** Puts a question or an answer (4096 bytes) before the cells. */
  say(kind: 'asks' | 'tell', data: Uint8Array): void {
    if (kind === 'asks') this.#asks = data;
    else this.#tell = data;
  }

  /** How many frames wait. */
  get waiting(): number {
    return this.queue.length + (this.#asks === null ? 0 : 1) + (this.#tell === null ? 0 : 1);
  }

  /** What leaves at a strike of the clock, and how many cells had waited too long; null: there is nothing, an idle packet leaves. */
  take(nowMs: number): { readonly frame: Frame | null; readonly expired: number } {
    const [asks, tell] = [this.#asks, this.#tell];
    if (asks !== null) {
      this.#asks = null;
      return { frame: { kind: 'asks', data: asks }, expired: 0 };
    }
    if (tell !== null) {
      this.#tell = null;
      return { frame: { kind: 'tell', data: tell }, expired: 0 };
    }
    const { next, expired } = this.queue.take(nowMs);
    return { frame: next === null ? null : { kind: 'cell', data: next.cell }, expired };
  }
}
