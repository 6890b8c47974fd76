/** Plays a network of listeners under a seed, and says what it did and what others learn. docs/simulator.md#network-of-listeners */
import type { Suite } from '../../crypto/suite.ts';
import { originMsMean } from '../../listener-bots/origin.ts';
import { countedSuite, idealSuite, type Operations } from '../ideal-suite.ts';
import { Colluders, type Order } from './colluders.ts';
import { quantile } from './exact.ts';
import { LatencyLaw } from './latency-law.ts';
import { Measure } from './measure.ts';
import { frameBytes, Network } from './network.ts';
import { type NetSetting, putOutsOf, warmMs } from './setting.ts';
import { type Message, planTraffic } from './traffic.ts';
import { type Arrival, type Learnt, Wires } from './wires.ts';

/** How a network is played, besides what it is. */
export interface PlayOptions {
  /** A suite with chance from these bytes: the real functions. */
  readonly suiteOf: (random: (length: number) => Uint8Array) => Suite;
  /** Ideal functions in place of the costly ones. */
  readonly isIdeal: boolean;
}

export interface Progress {
  readonly virtualMs: number;
  /** At most. */
  readonly endMs: number;
  readonly events: number;
  readonly handed: number;
  readonly delivered: number;
}

/** What came of it; the same for the same setting on every machine. Milliseconds, bytes, bits, probabilities. */
export interface NetResult {
  readonly setting: NetSetting;
  readonly isIdeal: boolean;
  readonly links: number;
  readonly dishonest: number;
  readonly virtualMs: number;
  readonly events: number;
  readonly handed: number;
  readonly delivered: number;
  /** Deliveries beyond the first of a message; copies of a cell beyond the first that a server heard, for each. */
  readonly duplicates: number;
  readonly copies: number;
  readonly latenciesMs: readonly number[];
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly originMs: number;
  /** What a server sends, cover included, while one message of the network arrives. */
  readonly bytesPerServerPerMessage: number;
  /** What all together send for it without what cover takes: its own cells on all links. */
  readonly cellShare: number;
  readonly x25519PerMessage: number;
  /** Greatest share of its rate that a link carried for a minute. */
  readonly busiest: number;
  readonly lost: number;
  /** Lengths of frames that were ever seen on a wire. */
  readonly lengths: number;
  readonly probes: number;
  /** The global observer: with people's links, and with links between servers only. */
  readonly global: Learnt | null;
  readonly wires: Learnt | null;
  readonly made: number;
  readonly colluders: Learnt | null;
  readonly order: Order;
  readonly keptBack: { readonly cells: number; readonly kept: number };
  /** How likely it is that the peer who is first with a cell has made it, and how many cells were looked at. */
  readonly firstIsMaker: number;
  readonly firstHeard: number;
  /** Onions that an honest server took out twice. */
  readonly twice: number;
  /** The greatest length of each memory and queue of a server. */
  readonly longest: readonly (readonly [string, number])[];
  readonly digest: string;
}

const stepMs = 500;
/** What was given may come back for so long. */
const returnMs = 60_000;

/** Plays it to its end: all is there that was handed in, or it has been waited long enough. */
export function* playNet(setting: NetSetting, options: PlayOptions): Generator<Progress, NetResult> {
  const operations: Operations = { x25519: 0 };
  let colluders: Colluders | null = null;
  const dishonestOf = new Set<number>();
  const suites = (server: number, random: (length: number) => Uint8Array): Suite => {
    const real = options.suiteOf(random);
    const suite = options.isIdeal ? idealSuite(real, operations) : countedSuite(real, operations);
    return {
      ...suite,
      chacha20poly1305Seal: (...sealed) =>
        // By the time of the first envelope it is known who colludes.
        (dishonestOf.has(server) ? colluders!.around(suite) : suite).chacha20poly1305Seal(...sealed),
    };
  };
  const network = new Network(setting, suites, options.isIdeal);
  network.dishonest.forEach((conduct, server) => void (conduct === null || dishonestOf.add(server)));
  colluders = new Colluders([...dishonestOf], setting.servers);
  const measure = new Measure(network);
  const wires = new Wires(setting.servers);
  network.watchers.push(measure, {
    sent: (from, _to, _frame, atMs) => wires.left(from, frameBytes, atMs),
    came: (_from, to, _frame, atMs) => wires.came(to, atMs),
  });
  if (colluders.count > 0) network.watchers.push(colluders);
  planTraffic(network, (message) => {
    measure.handed(message);
    wires.handed(message.from, message.sentMs);
  });
  const endMs = warmMs + setting.sendMs + setting.drainMs;
  const isOver = (): boolean =>
    network.wheel.nowMs >= warmMs + setting.sendMs &&
    [...measure.messages.values()].every(({ deliveries }) => deliveries > 0);
  while (network.wheel.nowMs < endMs && !isOver()) {
    network.run(network.wheel.nowMs + stepMs);
    measure.look();
    const delivered = [...measure.messages.values()].filter(({ deliveries }) => deliveries > 0).length;
    yield {
      virtualMs: network.wheel.nowMs,
      endMs,
      events: network.events,
      handed: measure.messages.size,
      delivered,
    };
  }
  return resultOf(network, measure, wires, colluders, options.isIdeal, operations);
}

function resultOf(
  network: Network,
  measure: Measure,
  wires: Wires,
  colluders: Colluders,
  isIdeal: boolean,
  operations: Operations,
): NetResult {
  const { setting } = network;
  const messages = [...measure.messages.values()];
  const arrived = messages.filter(
    (message): message is Message & { deliveredMs: number } => message.deliveredMs !== null,
  );
  const latenciesMs = arrived.map(({ sentMs, deliveredMs }) => deliveredMs - sentMs);
  const probes = arrived.filter(({ isProbe }) => isProbe);
  const law = new LatencyLaw(probes.map(({ sentMs, deliveredMs }) => deliveredMs - sentMs));
  const targets = arrived.filter(({ isProbe }) => !isProbe);
  const arrivals = targets.map(({ to, deliveredMs }): Arrival => ({ server: to, atMs: deliveredMs }));
  const truths = targets.map(({ from, sentMs }): Arrival => ({ server: from, atMs: sentMs }));
  const perMessage = (value: number): number => (arrived.length === 0 ? 0 : value / arrived.length);
  const senders = new Map(messages.map(({ tag, from, isProbe }) => [tag, isProbe ? null : from]));
  return {
    setting,
    isIdeal,
    links: network.links.length,
    dishonest: colluders.count,
    virtualMs: network.wheel.nowMs,
    events: network.events,
    handed: messages.length,
    delivered: arrived.length,
    duplicates: messages.reduce((sum, { deliveries }) => sum + Math.max(0, deliveries - 1), 0),
    copies: measure.firstHeard === 0 ? 0 : (measure.cells - measure.firstHeard) / measure.firstHeard,
    latenciesMs,
    p50Ms: quantile(latenciesMs, 0.5),
    p99Ms: quantile(latenciesMs, 0.99),
    originMs: originMsMean(setting.limits, setting.servers),
    bytesPerServerPerMessage: perMessage(measure.bytes / setting.servers),
    cellShare: measure.frames === 0 ? 0 : measure.cells / measure.frames,
    x25519PerMessage: perMessage(operations.x25519),
    busiest: measure.busiest,
    lost: network.lost,
    lengths: wires.lengths.size,
    probes: probes.length,
    global: law.isKnown ? wires.judge(arrivals, law, truths) : null,
    wires: law.isKnown ? wires.judgeMade(arrivals, law, truths, setting.servers, putOutsOf(setting.layers)) : null,
    made: wires.made.filter(({ atMs }) => atMs > warmMs).length,
    colluders:
      colluders.count === 0 ? null : colluders.judge(putOutsOf(setting.layers) - 1, (tag) => senders.get(tag) ?? null),
    order: colluders.order(),
    keptBack: colluders.keptBack(network.wheel.nowMs - returnMs),
    firstIsMaker: measure.firstHeard === 0 ? 0 : measure.firstFromMaker / measure.firstHeard,
    firstHeard: measure.firstHeard,
    twice: measure.twice,
    longest: [...measure.longest],
    digest: measure.digest,
  };
}
