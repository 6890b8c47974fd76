/** One listener between peers that are made up: what tests of its rules are told and see. */
import { bareCell, envelopeFiller, onionOf } from '../../onion/cell.ts';
import { unwrapCell, wrapOnion } from '../../onion/envelope.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { forgottenKey, type KeyPair, newPair } from '../../onion/keys.ts';
import { type Hop, sealOnion } from '../../onion/seal.ts';
import { textBytes } from '../../crypto/bytes.ts';
import { renderTell } from '../../listener-bots/context-packets.ts';
import type { EpochKey, ListenerEffect, ListenerEvent } from '../../listener-bots/events.ts';
import { listenerLimits, type ListenerLimits } from '../../listener-bots/limits.ts';
import { Listener } from '../../listener-bots/listener.ts';
import { openCell } from '../../listener-bots/opening.ts';
import { suite } from '../../server/suite.ts';

/** A Unix time, milliseconds, at which everything here begins. */
const UNIX_MS = 1_795_000_000_000;
const EVER = UNIX_MS + 1_000_000_000;

/** Peers: `mia` and `max` are members, `may` and `max` have contexts that the listener is a member of. */
export const peers = ['mia.example', 'max.example', 'may.example'] as const;
type Peer = (typeof peers)[number];
const memberships: Readonly<Record<Peer, { isMember: boolean; isMemberThere: boolean }>> = {
  'mia.example': { isMember: true, isMemberThere: false },
  'max.example': { isMember: true, isMemberThere: true },
  'may.example': { isMember: false, isMemberThere: true },
};

type Effect<Kind> = ListenerEffect & { readonly kind: Kind };

/** The listener of `own.example`, its peers' keys, and everything it did. */
export class Stand {
  readonly own: EpochKey = { pair: newPair(suite, suite.random), beginsMs: UNIX_MS - 9_000_000, endsMs: EVER };
  readonly keys = new Map<string, KeyPair>(peers.map((peer) => [peer, newPair(suite, suite.random)]));
  readonly contexts = new Map<string, KeyPair>(peers.map((peer) => [peer, newPair(suite, suite.random)]));
  nowMs = 0;
  readonly effects: ListenerEffect[] = [];
  listener: Listener;
  /** What was written durably. */
  readonly disk: {
    -readonly [Name in 'tags' | 'marks' | 'slots']: (ListenerEvent & { readonly kind: 'loaded' })[Name];
  } = {
    tags: [],
    marks: [],
    slots: [],
  };
  /** Whether `remember` is answered, and jobs are done. */
  works = true;
  /** Takes a write, to be done later. */
  holds: ((write: () => void) => void) | null = null;
  readonly #limits: ListenerLimits;
  readonly #unsafe: boolean;

  constructor(limits: Partial<ListenerLimits> = {}, unsafe = true) {
    this.#limits = { ...listenerLimits, ...limits };
    this.#unsafe = unsafe;
    this.listener = this.restart();
  }

  /** A new life, with what is on the disk. */
  restart(): Listener {
    const options = {
      domain: 'own.example',
      suite,
      limits: this.#limits,
      isWide: true,
      unsafe: this.#unsafe,
      takes: (target: string) => target === 'psyc://own.example/~bob',
    };
    this.listener = new Listener(options, this.nowMs, UNIX_MS + this.nowMs);
    this.tell({ kind: 'loaded', ...this.disk });
    this.tell({ kind: 'keys', keys: [this.own] });
    const stations = peers.map((domain) => ({
      domain,
      group: domain,
      keys: [{ publicKey: this.keys.get(domain)!.publicKey, beginsMs: 0 }],
    }));
    this.tell({ kind: 'stations', stations });
    for (const peer of peers) this.tell({ kind: 'linked', peer, membership: memberships[peer] });
    return this.listener;
  }

  /** Contexts of which it is a member say their keys. */
  introduce(peerNames: readonly string[] = ['max.example', 'may.example']): this {
    for (const peer of peerNames) {
      const { publicKey } = this.contexts.get(peer)!;
      this.hear(peer, renderTell({ publicKey, seconds: 3_600, isWide: true }), 'tell');
    }
    return this;
  }

  hear(peer: string, data: Uint8Array, kind: 'cell' | 'idle' | 'asks' | 'tell' = 'cell'): void {
    this.tell({ kind: 'frame', peer, frame: { kind, data } });
  }

  /** Time goes by, as far as the listener asks to be woken. */
  wait(ms: number): void {
    const endMs = this.nowMs + ms;
    for (;;) {
      const atMs = this.of('wake').at(-1)!.atMs;
      if (atMs > endMs) break;
      this.nowMs = Math.max(this.nowMs, atMs);
      this.tell({ kind: 'wake' });
    }
    this.nowMs = endMs;
  }

  tell(event: ListenerEvent): void {
    for (const effect of this.listener.step(event, this.nowMs, UNIX_MS + this.nowMs)) {
      this.effects.push(effect);
      if (this.works) this.#work(effect);
    }
  }

  of<Kind extends ListenerEffect['kind']>(kind: Kind): Effect<Kind>[] {
    return this.effects.filter((effect): effect is Effect<Kind> => effect.kind === kind);
  }

  /** Cells that left, and to whom. */
  get cells(): { peer: string; cell: Uint8Array }[] {
    return this.of('send').flatMap(({ peer, frame }) => (frame.kind === 'cell' ? [{ peer, cell: frame.data }] : []));
  }

  count(name: string): number {
    return new Map(this.listener.status().counts).get(name) ?? 0;
  }

  /** Does what a shell would. */
  #work(effect: ListenerEffect): void {
    if (effect.kind === 'open') {
      this.tell({ kind: 'opened', job: effect.job.job, found: openCell(suite, effect.job) });
    } else if (effect.kind === 'remember') {
      const { batch, tags, marks, burnt, deposits } = effect.batch;
      const write = (): void => {
        this.disk.tags = [...this.disk.tags, ...tags];
        this.disk.marks = [...this.disk.marks, ...marks];
        this.disk.slots = [...this.disk.slots.filter(({ secret }) => !burnt.includes(secret)), ...deposits];
        this.tell({ kind: 'remembered', batch, isDurable: true });
      };
      if (this.holds === null) write();
      else this.holds(write);
    }
  }

  /** The key of a layer for this server, or for a peer. */
  hop(domain: string, more: Partial<Hop> = {}): Hop {
    const key = (domain === 'own.example' ? this.own.pair : this.keys.get(domain)!).publicKey;
    return { whom: { kind: 'server', key, pair: newPair(suite, suite.random) }, delayMs: 0, isDeposit: false, ...more };
  }

  onion(hops: readonly Hop[], content = packetTo('psyc://own.example/~bob'), last: 'exit' | 'discard' = 'exit') {
    return sealOnion(suite, hops, last, content, (UNIX_MS + this.nowMs) / 1000, suite.random).onion;
  }

  /** In which of the peers' contexts' envelopes a cell is; null: in none. */
  envelopeOf(cell: Uint8Array): { domain: string; onion: Uint8Array } | null {
    for (const [domain, pair] of this.contexts) {
      const found = unwrapCell(suite, new KnownKeys(suite, [{ publicKey: pair.publicKey, value: pair }]), cell);
      if (found !== null) return { domain, onion: found.onion };
    }
    return null;
  }
}

/** What time it is there, Unix seconds. */
export const unixSeconds = ({ nowMs }: Stand): number => Math.floor((UNIX_MS + nowMs) / 1000);

/** A packet from nobody to somebody. */
export const packetTo = (target: string, text = 'hello'): Uint8Array =>
  textBytes(`:_target\t${target}\n\n_message_private\n${text}\n|\n`);

/** A bare cell, with filler of its own each time. */
export const bare = (onion: Uint8Array): Uint8Array => bareCell(onion, envelopeFiller(suite, suite.random));

/** A layer's one-time hop. */
export const oneTime = (secret: Uint8Array): Hop => ({
  whom: { kind: 'one-time', secret, alpha: forgottenKey(suite, suite.random) },
  delayMs: 0,
  isDeposit: false,
});

/** An onion in an envelope for a context. */
export const enveloped = (publicKey: Uint8Array, onion: Uint8Array): Uint8Array =>
  wrapOnion(suite, publicKey, onion, suite.random);

export { onionOf, suite };
