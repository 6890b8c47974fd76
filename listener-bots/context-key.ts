/** The key of this server's MOR context: rotated, told to members only, its secret never written down. docs/spec/listener-bots.md#context-keys */
import type { Suite } from '../crypto/suite.ts';
import { type KeyPair, newPair } from '../onion/keys.ts';
import type { ListenerLimits } from './limits.ts';

interface Lasting {
  readonly pair: KeyPair;
  readonly untilMs: number;
}

/** The keys of one life, by the listener's own time. */
export class ContextKeys {
  readonly #suite: Suite;
  readonly #limits: ListenerLimits;
  /** The newest first. */
  #keys: Lasting[] = [];

  constructor(suite: Suite, limits: ListenerLimits, nowMs: number) {
    this.#suite = suite;
    this.#limits = limits;
    this.turn(nowMs);
  }

  /** The pairs that envelopes may be for, the newest first. */
  get pairs(): KeyPair[] {
    return this.#keys.map(({ pair }) => pair);
  }

  /** What members are told: the newest key, and for how many seconds it may be used. */
  told(nowMs: number): { readonly publicKey: Uint8Array; readonly seconds: number } {
    const { pair, untilMs } = this.#keys[0]!;
    return { publicKey: pair.publicKey, seconds: Math.max(0, Math.floor((untilMs - nowMs) / 1000)) };
  }

  /** Makes a new key when the newest will soon be over, destroys what is over for long. Gives whether anything changed. */
  turn(nowMs: number): boolean {
    const { contextKeyMs, contextGraceMs, contextRenewMs } = this.#limits;
    const newest = this.#keys[0];
    const isDue = newest === undefined || newest.untilMs - nowMs < contextRenewMs;
    const lasting = this.#keys.filter(({ untilMs }) => untilMs + contextGraceMs > nowMs);
    if (!isDue && lasting.length === this.#keys.length) return false;
    if (isDue) lasting.unshift({ pair: newPair(this.#suite, this.#suite.random), untilMs: nowMs + contextKeyMs });
    this.#keys = lasting;
    return true;
  }
}
