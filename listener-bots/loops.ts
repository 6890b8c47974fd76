/** Loops: cover that comes back, and so measures what the network does to cells. docs/spec/listener-bots.md#origin-clock */
import type { Suite } from '../crypto/suite.ts';
import { drawRoute } from '../onion/route.ts';
import { sealOnion } from '../onion/seal.ts';
import { keyOfBytes } from '../psyc/bytes.ts';
import type { Keyring } from './keyring.ts';
import type { ListenerLimits } from './limits.ts';

interface Ready {
  readonly cell: Uint8Array;
  /** By which it is known again when it comes back. */
  readonly tag: string;
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

/** Made beforehand, so that a strike with a loop takes as long as one with a client's cell. */
export class Loops {
  readonly #suite: Suite;
  readonly #limits: ListenerLimits;
  #ready: Ready[] = [];
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

  /** Makes loops until enough are ready, as far as there are routes. Times in milliseconds, of the listener and Unix. */
  refill(keyring: Keyring, nowMs: number, unixMs: number): void {
    this.#ready = this.#ready.filter(({ madeMs }) => nowMs - madeMs <= this.#limits.queuedMsMax);
    while (this.#ready.length < this.#limits.loopsReadyMax && keyring.reachable(nowMs).length > 0) {
      const route = drawRoute(this.#suite, keyring.stations, this.#limits.loopLayers, keyring.self, unixMs);
      if (route === null) return;
      const seconds = Math.floor(unixMs / 1000);
      const sealed = sealOnion(this.#suite, route, 'discard', new Uint8Array(0), seconds, this.#suite.random);
      const cell = keyring.wrap(sealed.onion, nowMs);
      if (cell === null) return;
      this.#ready.push({ cell, tag: keyOfBytes(sealed.replayTags.at(-1)!), madeMs: nowMs });
    }
  }

  /** A loop that leaves now, enveloped; null: none is ready. */
  take(nowMs: number): Uint8Array | null {
    const loop = this.#ready.shift();
    if (loop === undefined) return null;
    this.#sent++;
    if (this.#awaited.size < this.#limits.loopsMax) this.#awaited.set(loop.tag, nowMs);
    return loop.cell;
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

  /** Gives up those that are away for too long. */
  tidy(nowMs: number): void {
    for (const [tag, sentMs] of this.#awaited) {
      if (nowMs - sentMs <= this.#limits.queuedMsMax) continue;
      this.#awaited.delete(tag);
      this.#lost++;
    }
  }

  /** Drops those that are ready: a context that one of them is for is not heard any more. */
  clear(): void {
    this.#ready = [];
  }
}
