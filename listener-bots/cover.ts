/** Cover for strikes at which nothing waits: drops, which end at the next context, and loops, which come back and measure. docs/spec/listener-bots.md#cover */
import type { Suite } from '../crypto/suite.ts';
import { drawBelow } from '../onion/chance.ts';
import { newPair } from '../onion/keys.ts';
import { drawRoute } from '../onion/route.ts';
import { type Hop, sealOnion } from '../onion/seal.ts';
import { keyOfBytes } from '../psyc/bytes.ts';
import type { Keyring } from './keyring.ts';
import type { ListenerLimits } from './limits.ts';

interface Ready {
  readonly cell: Uint8Array;
  /** By which a loop is known again when it comes back; null: a drop. */
  readonly tag: string | null;
  readonly madeMs: number;
}

/** What loops have shown so far. */
export interface LoopCounts {
  readonly sent: number;
  readonly returned: number;
  readonly lost: number;
  /** Of all that came back together, milliseconds. */
  readonly returnedMs: number;
}

const NOTHING = new Uint8Array(0);

/** Made beforehand, so that a strike with cover takes as long as one with a client's cell. */
export class Cover {
  readonly #suite: Suite;
  readonly #limits: ListenerLimits;
  #loops: Ready[] = [];
  #drops: Ready[] = [];
  #staleMs = Number.NEGATIVE_INFINITY;
  readonly #awaited = new Map<string, number>();
  #sent = 0;
  #returned = 0;
  #lost = 0;
  #returnedMs = 0;

  constructor(suite: Suite, limits: ListenerLimits) {
    this.#suite = suite;
    this.#limits = limits;
  }

  get counts(): LoopCounts {
    return { sent: this.#sent, returned: this.#returned, lost: this.#lost, returnedMs: this.#returnedMs };
  }

  /** Until when what is ready is fresh and complete; -Infinity: something is missing, and is tried again. */
  get staleMs(): number {
    return this.#staleMs;
  }

  /** Makes what is missing, as far as contexts and routes are known. Times in milliseconds, the listener's own and Unix. */
  refill(keyring: Keyring, nowMs: number, unixMs: number): void {
    const { coverReadyMax, queuedMsMax, loopLayers } = this.#limits;
    if (nowMs < this.#staleMs) return;
    const isFresh = ({ madeMs }: Ready): boolean => nowMs - madeMs <= queuedMsMax;
    this.#loops = this.#loops.filter(isFresh);
    this.#drops = this.#drops.filter(isFresh);
    while (this.#drops.length < coverReadyMax) {
      const key = keyring.drawContext(nowMs);
      if (key === null) return;
      const pair = newPair(this.#suite, this.#suite.random);
      const route: Hop[] = [{ whom: { kind: 'server', key, pair }, delayMs: 0, isDeposit: false }];
      this.#drops.push({ ...this.#made(keyring, route, key, nowMs, unixMs), tag: null });
    }
    while (this.#loops.length < coverReadyMax) {
      const key = keyring.drawContext(nowMs);
      const route = drawRoute(this.#suite, keyring.stations, loopLayers, keyring.self, unixMs);
      if (route === null || key === null) return;
      this.#loops.push(this.#made(keyring, route, key, nowMs, unixMs));
    }
    this.#staleMs = Math.min(...[...this.#drops, ...this.#loops].map(({ madeMs }) => madeMs + queuedMsMax));
  }

  /** What leaves at a strike at which nothing waits, enveloped; null: nothing is ready. Draws 4 bytes. */
  take(nowMs: number): Uint8Array | null {
    const isLoop = drawBelow(this.#suite.random, this.#limits.loopShare) === 0;
    const ready = (isLoop ? this.#loops.shift() : undefined) ?? this.#drops.shift();
    this.#staleMs = Number.NEGATIVE_INFINITY;
    if (ready === undefined) return null;
    if (ready.tag !== null) {
      this.#sent++;
      if (this.#awaited.size < this.#limits.loopsMax) this.#awaited.set(ready.tag, nowMs);
    }
    return ready.cell;
  }

  /** A layer with this replay tag said discard; false: it is no loop of this life. */
  returned(tag: Uint8Array, nowMs: number): boolean {
    const name = keyOfBytes(tag);
    const sentMs = this.#awaited.get(name);
    if (sentMs === undefined) return false;
    this.#awaited.delete(name);
    this.#returned++;
    this.#returnedMs += nowMs - sentMs;
    return true;
  }

  /** Gives up loops that are away for too long. */
  tidy(nowMs: number): void {
    for (const [tag, sentMs] of this.#awaited) {
      if (nowMs - sentMs <= this.#limits.queuedMsMax) continue;
      this.#awaited.delete(tag);
      this.#lost++;
    }
  }

  /** Drops what is ready: a context that some of it is for is not heard any more. */
  clear(): void {
    this.#loops = [];
    this.#drops = [];
    this.#staleMs = Number.NEGATIVE_INFINITY;
  }

  #made(keyring: Keyring, route: readonly Hop[], context: Uint8Array, nowMs: number, unixMs: number): Ready {
    const seconds = Math.floor(unixMs / 1000);
    const { onion, replayTags } = sealOnion(this.#suite, route, 'discard', NOTHING, seconds, this.#suite.random);
    return { cell: keyring.wrapFor(context, onion), tag: keyOfBytes(replayTags.at(-1)!), madeMs: nowMs };
  }
}
