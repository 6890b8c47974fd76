/** What becomes of a cell that is this server's: opened elsewhere, once, remembered, and only then acted on. docs/spec/listener-bots.md#opening */
import type { Suite } from '../crypto/suite.ts';
import type { KeyPair } from '../onion/keys.ts';
import type { Opened } from '../onion/open.ts';
import type { Counts } from './counts.ts';
import type { ListenerEffect, ListenerEvent } from './events.ts';
import { type Keyring, keyName } from './keyring.ts';
import { type Leaving, Ledger } from './ledger.ts';
import type { ListenerLimits } from './limits.ts';
import type { Found, OpenJob } from './opening.ts';
import type { OpenedMemory } from './memory.ts';
import { ReplayMemory } from './replay.ts';
import type { Slot, Slots } from './slots.ts';

/** Who acts on what was opened. */
export interface OpenerSurroundings {
  readonly suite: Suite;
  readonly limits: ListenerLimits;
  readonly keyring: Keyring;
  readonly counts: Counts;
  readonly memory: OpenedMemory;
  /** Unix time. */
  nowSeconds(): number;
  effect(effect: ListenerEffect): void;
  /** An onion (4000 bytes) was in an envelope. */
  unwrapped(onion: Uint8Array): void;
  /** A layer was opened, and that it was is durable. */
  opened(layer: Opened): void;
}

/** Jobs and ledger of one life, and what of it is remembered. */
export class Opener {
  readonly #around: OpenerSurroundings;
  /** What this context's keys have opened: it ends with them. */
  readonly #ofContext: ReplayMemory;
  readonly #slots: Slots;
  readonly #ledger: Ledger;
  /** Cells that are being opened. */
  readonly #jobs = new Set<number>();
  #job = 0;
  readonly #renewed = new Set<string>();

  constructor(around: OpenerSurroundings) {
    const { limits, keyring, memory } = around;
    this.#around = around;
    this.#ofContext = new ReplayMemory(limits.replayTagsMax);
    this.#slots = memory.slots;
    memory.share(() => keyring.ownNames);
    this.#ledger = new Ledger(limits.batchCellsMax);
  }

  /** How many cells are being opened, replay tags are remembered, secrets live. */
  get sizes(): { readonly opening: number; readonly tags: number; readonly slots: number } {
    const tags = this.#around.memory.replay.size + this.#ofContext.size;
    return { opening: this.#jobs.size + this.#ledger.length, tags, slots: this.#slots.size.live };
  }

  /** Takes what was durable when this life began. */
  load({ tags, marks, slots }: ListenerEvent & { readonly kind: 'loaded' }): void {
    for (const { key, tag, untilSeconds } of tags) this.#around.memory.replay.add(key, tag, untilSeconds);
    this.#forget(this.#slots.load(slots, marks).map(({ secret }) => secret));
  }

  /** Has a cell opened, if there is anything of this server's that it may be for: `hint` is its onion's. */
  offer(
    cell: Uint8Array,
    hint: Uint8Array,
    contexts: readonly KeyPair[],
    servers: readonly KeyPair[],
    unixMs: number,
  ): void {
    const mine: Omit<OpenJob, 'job'> = {
      cell,
      contexts: contexts.filter(this.#mayOpen),
      servers: servers.filter(this.#mayOpen),
      oneTime: this.#slots.find(hint),
      nowSeconds: Math.floor(unixMs / 1000),
    };
    if (mine.contexts.length + mine.servers.length === 0 && mine.oneTime === null) return;
    if (this.sizes.opening >= this.#around.limits.openingCellsMax) {
      this.#around.counts.add('too many to open');
      return;
    }
    const job = ++this.#job;
    this.#jobs.add(job);
    this.#around.effect({ kind: 'open', job: { ...mine, job } });
  }

  /** What came of a job. */
  found(job: number, found: Found): void {
    if (!this.#jobs.delete(job)) return;
    const { suite, counts } = this.#around;
    if (found.kind === 'nothing') counts.add(found.code === null ? 'not for this server' : `refused ${found.code}`);
    else if (found.kind === 'layer') this.#takeLayer(found);
    // The context's secret is in this life's memory only: with it goes what it could open, and nothing need be written down.
    else if (this.#isFirst(keyName(suite, found.publicKey), found.replayTag, null)) this.#around.unwrapped(found.onion);
  }

  /** Whether a one-time secret could be kept. */
  get hasRoom(): boolean {
    return this.#slots.hasRoom;
  }

  /** As `Slots.lifeSeconds`. */
  get lifeSeconds(): number {
    return this.#slots.lifeSeconds;
  }

  /** Keeps a one-time secret that was agreed on, and acts when it is durable; false: there is no room. */
  place(slot: Slot, act: () => void): boolean {
    const isKept = this.#slots.deposit(slot);
    if (isKept) this.#ledger.add({ tag: null, burnt: null, deposit: slot }, act);
    return isKept;
  }

  /** Writes what waits, unless something is being written. */
  write(): void {
    const batch = this.#ledger.next();
    if (batch !== null) this.#around.effect({ kind: 'remember', batch });
  }

  /** A batch is durable, or nobody knows. */
  remembered(batch: number, isDurable: boolean): void {
    this.#around.counts.add('lost at the disk', this.#ledger.answered(batch, isDurable));
  }

  /** Forgets what has expired. */
  tidy(nowSeconds: number): void {
    this.#around.memory.replay.prune(nowSeconds);
    this.#forget(this.#slots.prune(nowSeconds).map(({ secret }) => secret));
  }

  /** A key that is destroyed opens nothing, so nothing need be remembered of it. */
  forgetKeys(): void {
    const { keyring, memory } = this.#around;
    for (const key of this.#ofContext.keys()) if (!keyring.isContext(key)) this.#ofContext.forget(key);
    for (const key of memory.forgetKeys()) this.#around.effect({ kind: 'forget key', key });
    const own = new Set(keyring.ownNames);
    for (const key of this.#renewed) if (!own.has(key)) this.#renewed.delete(key);
  }

  /** Where it is remembered what a key has opened. */
  #replayOf(key: string): ReplayMemory {
    return this.#around.keyring.isContext(key) ? this.#ofContext : this.#around.memory.replay;
  }

  #forget(secrets: readonly Uint8Array[]): void {
    if (secrets.length > 0) this.#around.effect({ kind: 'forget', secrets });
  }

  /** A key whose replay memory is full opens nothing more. */
  readonly #mayOpen = ({ publicKey }: KeyPair): boolean => {
    const name = keyName(this.#around.suite, publicKey);
    const isFull = this.#replayOf(name).percentOf(name) >= 100;
    if (isFull) this.#around.counts.add('replay memory full');
    return !isFull;
  };

  #takeLayer({ by, layer }: Found & { readonly kind: 'layer' }): void {
    const { replayTag, keptUntilSeconds, deposit } = layer;
    const { suite, counts } = this.#around;
    let leaving: Leaving;
    if ('secret' in by) {
      const mark = this.#slots.burn(by.secret);
      if (mark === null) {
        counts.add('opened before');
        return;
      }
      leaving = { tag: null, burnt: { secret: by.secret, mark }, deposit: null };
    } else {
      const key = keyName(suite, by.publicKey);
      if (!this.#isFirst(key, replayTag, keptUntilSeconds)) return;
      leaving = { tag: { key, tag: replayTag, untilSeconds: keptUntilSeconds }, burnt: null, deposit: null };
    }
    // A context's key opens cover and nothing else, and what it opened need not be written down.
    if (leaving.tag !== null && this.#around.keyring.isContext(leaving.tag.key)) {
      counts.add(layer.outcome.kind === 'discard' ? 'cover that ends here' : 'cover that is none');
      return;
    }
    const slot = deposit === null ? null : this.#shortened(deposit);
    const isKept = slot !== null && this.#slots.deposit(slot);
    if (slot !== null && !isKept) counts.add('deposit ignored');
    this.#ledger.add(isKept ? { ...leaving, deposit: slot } : leaving, () => this.#around.opened(layer));
  }

  /** What is kept for less time where there is little room. */
  #shortened({ secret, untilSeconds }: Slot): Slot {
    const last = this.#around.nowSeconds() + this.#slots.lifeSeconds;
    return { secret, untilSeconds: Math.min(untilSeconds, last) };
  }

  /** Whether a key opens this for the first time; from now on it does not. */
  #isFirst(key: string, tag: Uint8Array, untilSeconds: number | null): boolean {
    const { keyring, limits, counts } = this.#around;
    const replay = this.#replayOf(key);
    if (!keyring.ownNames.includes(key) || replay.has(key, tag) || replay.percentOf(key) >= 100) {
      counts.add('opened before');
      return false;
    }
    replay.add(key, tag, untilSeconds);
    if (replay.percentOf(key) >= limits.replayWarnPercent && !this.#renewed.has(key)) {
      this.#renewed.add(key);
      this.#around.effect({ kind: 'renew', key });
    }
    return true;
  }
}
