/** Plants in listeners: bugs in what is remembered, told, passed on and put out. docs/simulator.md#plants */
import type { Found, openCell, OpenJob } from '../../listener-bots/opening.ts';
import { renderFrame } from '../../listener-bots/frame.ts';
import type { Suite } from '../../crypto/suite.ts';
import { fieldsOf, onionOf } from '../../onion/cell.ts';
import { KnownKeys } from '../../onion/hint.ts';
import { layerKeys, secretOfHolder } from '../../onion/layer.ts';
import { MemoryStore } from '../../store/memory.ts';
import type { StoreOutcome, StoreRequest } from '../../store/store.ts';
import type { Disk } from '../disk.ts';
import type { Machine, NodeEffect, NodeEvent } from '../machine.ts';
import { cellIn } from '../raw-cell.ts';
import type { MorNodeOptions, MorStart } from '../scenes/mor-node.ts';
import type { World } from '../world.ts';
import type { Plant } from './plant.ts';

type Open = typeof openCell;

/** Nodes with other options. */
const optioned =
  (change: (options: MorNodeOptions) => MorNodeOptions) =>
  (start: MorStart): MorStart =>
  (options, life) =>
    start(change(options), life);

/** Nodes that open otherwise. */
const opening = (change: (open: Open, suite: Suite, job: OpenJob) => Found) =>
  optioned((options) => ({ ...options, open: (suite, job) => change(options.open, suite, job) }));

/** Nodes whose step is replaced; `around` is called once a life. */
const stepping =
  (around: (step: Machine['step'], options: MorNodeOptions) => Machine['step']) =>
  (start: MorStart): MorStart =>
  (options, life) => {
    const machine = start(options, life);
    return { step: around((event, nowMs) => machine.step(event, nowMs), options), queues: () => machine.queues() };
  };

/** A disk that answers from its cache; all that it has not synced is gone with a crash, and it never syncs. */
class CachedDisk implements Disk {
  readonly #world: World;
  #cache = new MemoryStore();
  #unanswered = 0;
  #life = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  request(request: StoreRequest, answer: (outcome: StoreOutcome) => void): void {
    const life = this.#life;
    this.#unanswered++;
    this.#world.clock.after(1000, () => {
      if (life !== this.#life) return;
      this.#unanswered--;
      answer(this.#cache.perform(request));
    });
  }

  crash(): void {
    this.#life++;
    this.#unanswered = 0;
    this.#cache = new MemoryStore();
  }

  audit(): Map<string, Uint8Array[]> {
    return new Map();
  }
}

/** Opens again what a life before has opened. */
export const forgottenTags: Plant = {
  name: 'forgotten-tags',
  what: 'replay tags are called durable from a cache, and gone after a restart',
  caughtBy: 'reopening',
  disk: (_disk, world) => new CachedDisk(world),
  scene: 'onions',
};

/** Opens again whatever comes again. */
export const freshTags: Plant = {
  name: 'fresh-tags',
  what: 'a cell that is opened a second time has another replay tag',
  caughtBy: 'reopening',
  onions: opening((open, suite, job) => {
    const found = open(suite, job);
    return found.kind === 'layer' ? { ...found, layer: { ...found.layer, replayTag: suite.random(16) } } : found;
  }),
  scene: 'onions',
};

/** Opens again what a ticket brings again. */
export const keptSecrets: Plant = {
  name: 'kept-secrets',
  what: 'a one-time secret is not burnt by its use, nor is it remembered that it was used',
  caughtBy: 'spent',
  onions: optioned((options) => ({
    ...options,
    open(suite, job) {
      const found = options.open(suite, job);
      if (found.kind !== 'layer' || !('secret' in found.by)) return found;
      const { publicKey } = options.keys[0]!.pair;
      return { ...found, by: { publicKey }, layer: { ...found.layer, replayTag: suite.random(16) } };
    },
  })),
  scene: 'onions',
};

/** The replay tag that a cell's layer has, whether or not somebody changed it. */
function tagOf(suite: Suite, { cell, servers }: OpenJob): Found | null {
  const [key] = servers;
  const secret = key === undefined ? null : secretOfHolder(suite, fieldsOf(onionOf(cell)).alpha, key);
  if (key === undefined || secret === null) return null;
  const { replayTag } = layerKeys(suite, secret);
  const outcome = { kind: 'drop', code: '_onion_invalid_seal' } as const;
  const layer = { replayTag, keptUntilSeconds: 2_000_000_000, deposit: null, outcome };
  return { kind: 'layer', by: { publicKey: key.publicKey }, layer };
}

/** A damaged copy spoils the true cell. */
export const spentByDamage: Plant = {
  name: 'spent-by-damage',
  what: 'a cell that is refused spends its replay tag, and the true one does not open any more',
  caughtBy: 'arrival',
  onions: opening((open, suite, job) => {
    const found = open(suite, job);
    return found.kind === 'nothing' && found.code !== null ? (tagOf(suite, job) ?? found) : found;
  }),
  scene: 'onions',
};

/** Tells everybody. */
export const toldToAnybody: Plant = {
  name: 'told-to-anybody',
  what: 'a server tells its context’s key to whoever asks, member or not',
  caughtBy: 'keyholders',
  onions: optioned((options) => ({
    ...options,
    peers: options.peers.map((peer) => ({ ...peer, membership: { ...peer.membership, isMember: true } })),
  })),
  scene: 'onions',
};

/** Keeps what is its own: whoever does not pass a cell on is the one it was for. */
export const keptForItself: Plant = {
  name: 'kept-for-itself',
  what: 'a server does not rebroadcast what is for itself',
  caughtBy: 'flood',
  onions: stepping((step, { suite, keys }) => {
    const own = new KnownKeys(
      suite,
      keys.map(({ pair }) => ({ publicKey: pair.publicKey, value: true })),
    );
    const isOwn = (effect: NodeEffect): boolean => {
      const cell = effect.kind === 'write' ? cellIn(effect.bytes) : null;
      if (cell === null) return false;
      const { alpha, hint } = fieldsOf(onionOf(cell));
      return own.recognise(suite, alpha, hint).length > 0;
    };
    return (event, nowMs) => step(event, nowMs).filter((effect) => !isOwn(effect));
  }),
  scene: 'onions',
};

/** Puts a client's cell out as it came, and at once. */
export const putOutBare: Plant = {
  name: 'put-out-bare',
  what: 'what a client hands in is put out as it is, without an envelope',
  caughtBy: 'enveloping',
  onions: stepping((step, { domain }) => {
    const circuits = new Set<string>();
    const own = ({ packet }: NodeEvent & { readonly kind: 'said' }): NodeEffect[] => {
      const bytes = renderFrame(domain, { kind: 'cell', data: packet });
      return [...circuits].map((circuit) => ({ kind: 'write', circuit, bytes }));
    };
    return (event, nowMs) => {
      const effects = step(event, nowMs);
      for (const effect of effects)
        if (effect.kind === 'write' && cellIn(effect.bytes) !== null) circuits.add(effect.circuit);
      if (event.kind === 'ended' || event.kind === 'failed') circuits.delete(event.circuit);
      return event.kind === 'said' ? [...effects, ...own(event)] : effects;
    };
  }),
  scene: 'onions',
};

/** Knows no measure. */
export const busyOrigin: Plant = {
  name: 'busy-origin',
  what: 'servers put out new cells four times as often as their links bear',
  caughtBy: 'congestion',
  onions: optioned((options) => ({
    ...options,
    limits: { ...options.limits, novelShare: options.limits.novelShare / 4 },
  })),
  scene: 'onions',
};
