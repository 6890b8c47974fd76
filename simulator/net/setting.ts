/** What a network of listeners is: how many, linked how, what fails, who is dishonest, who sends how much. docs/simulator.md#network-of-listeners */
import { listenerLimits, type ListenerLimits } from '../../listener-bots/limits.ts';
import type { GraphShape } from './graphs.ts';

/** What a dishonest server does besides telling the others everything it sees. */
export const dishonestKinds = ['log', 'drop', 'delay', 'replay', 'tag'] as const;
export type DishonestKind = (typeof dishonestKinds)[number];

/** Planted weaknesses: each must be noticed by who is named. */
export const weaknesses = ['no-cover', 'no-delays', 'order-kept', 'no-rebroadcast'] as const;
export type Weakness = (typeof weaknesses)[number];

/** How many servers there may be. */
export const serversMax = 4_096;

export interface NetSetting {
  readonly seed: bigint;
  /** 2 to serversMax. */
  readonly servers: number;
  readonly graph: GraphShape;
  /** Links of a server, about. */
  readonly degree: number;
  /** Share of frames that are lost, 0 to 1. */
  readonly loss: number;
  /** Mean of a link's own delay, and of what comes to it each time, milliseconds. */
  readonly delayMs: number;
  readonly jitterMs: number;
  /** How often, at times that are drawn, a part of the network is cut off for partitionMs. */
  readonly partitions: number;
  readonly partitionMs: number;
  /** Share of servers that are dishonest, and what they do, in turn. */
  readonly dishonest: number;
  readonly kinds: readonly DishonestKind[];
  /** Share of all strikes of origin clocks that messages take. */
  readonly load: number;
  readonly layers: number;
  /** For so long messages are handed in; then it goes on until all are there, or for so long. */
  readonly sendMs: number;
  readonly drainMs: number;
  readonly weakness: Weakness | null;
  readonly limits: ListenerLimits;
}

export const netDefaults: NetSetting = {
  seed: 0n,
  servers: 100,
  graph: 'regular',
  degree: 6,
  loss: 0,
  delayMs: 30,
  jitterMs: 5,
  partitions: 0,
  partitionMs: 20_000,
  dishonest: 0.1,
  kinds: dishonestKinds,
  load: 0.25,
  layers: 3,
  sendMs: 180_000,
  drainMs: 600_000,
  weakness: null,
  limits: listenerLimits,
};

/** Keys of contexts are known after so long, and the first messages handed in. */
export const warmMs = 10_000;

/** How often the bytes of a message are put out: in each layer's envelope, and without. */
export const putOutsOf = (layers: number): number => 2 * layers;
