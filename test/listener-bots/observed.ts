/** What a hop, a recogniser and a bystander look like from outside: one listener under one traffic, and statistics of what leaves it. */
import { renderFrame } from '../../listener-bots/frame.ts';
import { readTell, renderAsks, renderTell } from '../../listener-bots/context-packets.ts';
import type { ListenerEffect } from '../../listener-bots/events.ts';
import { listenerLimits } from '../../listener-bots/limits.ts';
import { Listener } from '../../listener-bots/listener.ts';
import { Owners } from '../../listener-bots/owners.ts';
import { openCell } from '../../listener-bots/opening.ts';
import type { Suite } from '../../crypto/suite.ts';
import { drawExponential } from '../../onion/chance.ts';
import { forgottenKey, type KeyPair, newPair } from '../../onion/keys.ts';
import { type Hop, sealOnion } from '../../onion/seal.ts';
import { bare, enveloped, suite } from './stand.ts';

/** Bytes of every frame of this server. */
export const frameBytes = renderFrame('own.example', { kind: 'idle', data: new Uint8Array(4096) }).length;

const UNIX_MS = 1_795_000_000_000;
const own = 'own.example';
const peers = ['mia.example', 'max.example', 'may.example'] as const;

/** What the cells that it hears are to the listener: its own to open or to unwrap, another's that it knows, nobody's. */
export const roles = ['hop', 'context hop', 'recogniser', 'bystander'] as const;
type Role = (typeof roles)[number];

/** One frame that left. */
export interface Left {
  readonly atMs: number;
  readonly peer: string;
  readonly bytes: number;
  /** null: idle, or a question. */
  readonly cell: Uint8Array | null;
  /** Whether whoever gets it sees by its hints that it is for himself. */
  readonly isForPeer: boolean;
}

/** What was seen of one role. */
export interface Seen {
  /** Everything that left, in order of time. */
  readonly left: readonly Left[];
  /** When each cell was heard, and where in that order the cell is whose bytes 96 to 127 these are. */
  readonly heardMs: readonly number[];
  readonly order: ReadonlyMap<string, number>;
  /** The bytes 96 to 127 of all cells that were heard, as they were heard. */
  readonly heard: ReadonlySet<string>;
}

/** The α of a bare cell's onion, for maps. */
export const alphaOf = (cell: Uint8Array): string => cell.subarray(96, 128).join();

/** A bug between the listener and its links. */
export interface Leak {
  /** What the listener is given in place of the suite. */
  readonly suite?: Suite;
  /** Changes a frame that leaves. `isOpened`: it was opened here; `isNew`: nobody had it before; `order`: as heard. */
  readonly change?: (left: Left, isOpened: boolean, isNew: boolean, order: ReadonlyMap<string, number>) => Left[];
  /** Lets more leave at once when something was opened. */
  readonly onOpened?: (atMs: number) => Left[];
}

/** Cells that arrive in a second, for so long. */
const perSecond = 2;
export const observedMs = 600_000;

/** Some minutes of a listener to which the cells that it hears are this. */
export function observe(role: Role, leak: Leak = {}): Seen {
  const keys = new Map([own, ...peers].map((domain) => [domain, newPair(suite, suite.random)]));
  const contexts = new Map(peers.map((domain) => [domain, newPair(suite, suite.random)]));
  const named = (pairs: ReadonlyMap<string, KeyPair>) =>
    [...pairs].map(([domain, { publicKey }]) => ({ domain, publicKey }));
  const owners = new Owners(suite, { own: [], others: named(contexts) }, { own: [], others: named(keys) });
  const options = {
    domain: own,
    suite: leak.suite ?? suite,
    limits: listenerLimits,
    isWide: true,
    unsafe: false,
    takes: () => false,
  };
  const listener = new Listener(options, 0, UNIX_MS);
  const left: Left[] = [];
  const heardMs: number[] = [];
  const heard = new Set<string>();
  const order = new Map<string, number>();
  const opened = new Set<string>();
  let wakeMs = 0;
  let context: Uint8Array | null = null;
  const tell = (event: Parameters<Listener['step']>[0], nowMs: number): void => {
    for (const effect of listener.step(event, nowMs, UNIX_MS + nowMs)) act(effect, nowMs);
  };
  const act = (effect: ListenerEffect, nowMs: number): void => {
    if (effect.kind === 'wake') wakeMs = effect.atMs;
    else if (effect.kind === 'open') {
      opened.add(alphaOf(effect.job.cell));
      left.push(...(leak.onOpened?.(nowMs) ?? []));
      tell({ kind: 'opened', job: effect.job.job, found: openCell(suite, effect.job) }, nowMs);
    } else if (effect.kind === 'remember') {
      tell({ kind: 'remembered', batch: effect.batch.batch, isDurable: true }, nowMs);
    } else if (effect.kind === 'send') {
      const { peer, frame } = effect;
      const cell = frame.kind === 'cell' ? frame.data : null;
      const isForPeer = cell !== null && owners.recognise(cell).domains.includes(peer);
      const one = { atMs: nowMs, peer, bytes: renderFrame(own, frame).length, cell, isForPeer };
      if (frame.kind === 'tell') context = readTell(frame.data)!.publicKey;
      const isOpened = cell !== null && opened.has(alphaOf(cell));
      const isNew = cell !== null && !heard.has(alphaOf(cell));
      left.push(...(leak.change?.(one, isOpened, isNew, order) ?? [one]));
    }
  };
  tell({ kind: 'loaded', tags: [], marks: [], slots: [] }, 0);
  tell({ kind: 'keys', keys: [{ pair: keys.get(own)!, beginsMs: 0, endsMs: Number.MAX_SAFE_INTEGER }] }, 0);
  const stations = peers.map((domain) => ({
    domain,
    group: domain,
    keys: [{ publicKey: keys.get(domain)!.publicKey, beginsMs: 0 }],
  }));
  tell({ kind: 'stations', stations }, 0);
  for (const peer of peers) {
    const membership = { isMember: true, isMemberThere: peer !== 'mia.example' };
    tell({ kind: 'linked', peer, membership }, 0);
    if (!membership.isMemberThere) continue;
    const data = renderTell({ publicKey: contexts.get(peer)!.publicKey, seconds: 3_600, isWide: true });
    tell({ kind: 'frame', peer, frame: { kind: 'tell', data } }, 0);
  }
  const hop = (domain: string): Hop => ({
    whom: { kind: 'server', key: keys.get(domain)!.publicKey, pair: newPair(suite, suite.random) },
    delayMs: 0,
    isDeposit: false,
  });
  const nobody = (): Hop => ({
    whom: { kind: 'one-time', secret: suite.random(32), alpha: forgottenKey(suite, suite.random) },
    delayMs: 0,
    isDeposit: false,
  });
  tell({ kind: 'frame', peer: 'mia.example', frame: { kind: 'asks', data: renderAsks() } }, 0);
  const first: Record<Role, () => Hop> = {
    hop: () => hop(own),
    'context hop': nobody,
    recogniser: () => hop('max.example'),
    bystander: nobody,
  };
  let nextMs = drawExponential(suite.random, 1000 / perSecond);
  for (let nowMs = 0; nowMs < observedMs; ) {
    nowMs = Math.min(wakeMs, Math.ceil(nextMs));
    if (nowMs < nextMs) {
      tell({ kind: 'wake' }, nowMs);
      continue;
    }
    nextMs += drawExponential(suite.random, 1000 / perSecond);
    const route = [first[role](), hop('may.example')];
    const { onion } = sealOnion(suite, route, 'exit', new Uint8Array(10), UNIX_MS / 1000, suite.random);
    const cell = role === 'context hop' && context !== null ? enveloped(context, onion) : bare(onion);
    heard.add(alphaOf(cell));
    order.set(alphaOf(bare(onion)), heardMs.length);
    heardMs.push(nowMs);
    tell({ kind: 'frame', peer: 'mia.example', frame: { kind: 'cell', data: cell } }, nowMs);
  }
  return { left: left.sort((one, other) => one.atMs - other.atMs), heardMs, order, heard };
}

/**
 * How far two samples are from one distribution, in units of the distance at which Kolmogorov and Smirnov's test says with an
 * error of one in a million that they have two: 1 and more is a difference.
 */
export function difference(one: readonly number[], other: readonly number[]): number {
  const [a, b] = [[...one], [...other]].map((sample) => sample.sort((x, y) => x - y)) as [number[], number[]];
  let [i, j, greatest] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const value = Math.min(a[i]!, b[j]!);
    while (i < a.length && a[i]! <= value) i++;
    while (j < b.length && b[j]! <= value) j++;
    greatest = Math.max(greatest, Math.abs(i / a.length - j / b.length));
  }
  // sqrt(-ln(1e-6 / 2) / 2): Smirnov's limit.
  return greatest / (2.694 * Math.sqrt((a.length + b.length) / (a.length * b.length)));
}
