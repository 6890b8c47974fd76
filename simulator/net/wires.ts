/** The global observer: he sees when frames of which length cross which link, and nothing else. docs/simulator.md#attackers */
import { entropyOf, meanOf } from './exact.ts';
import type { LatencyLaw } from './latency-law.ts';

/** What he learns, averaged over the messages that he judged. Bits, and probabilities. */
export interface Learnt {
  /** How many messages he judged. */
  readonly judged: number;
  /** Entropy of who may have sent one, and what it would be if all were alike. */
  readonly entropy: number;
  readonly entropyMax: number;
  /** The probability that he gives to the truth, and what he would give by guessing. */
  readonly linked: number;
  readonly guessed: number;
}

/** Somebody of whom the attacker asks who wrote: a packet came out for a client of this server then. */
export interface Arrival {
  readonly server: number;
  readonly atMs: number;
}

/** A server to which nothing came for so long can pass nothing on: what leaves it was made there. */
const quietMs = 250;

/** All frames as they cross links between servers, and between people and their servers. */
export class Wires {
  /** Lengths of frames that were seen. */
  readonly lengths = new Set<number>();
  /** People's frames to their servers. */
  readonly #handed: Arrival[] = [];
  readonly #lastCame: number[];
  readonly #lastLeft: number[];
  /** Frames that cannot be anybody else's, by server and time. */
  readonly made: Arrival[] = [];

  constructor(servers: number) {
    this.#lastCame = new Array<number>(servers).fill(0);
    this.#lastLeft = new Array<number>(servers).fill(0);
  }

  /** A frame leaves one server for another. */
  left(from: number, bytes: number, atMs: number): void {
    this.lengths.add(bytes);
    if (atMs - this.#lastCame[from]! > quietMs && atMs - this.#lastLeft[from]! > quietMs) {
      this.made.push({ server: from, atMs });
    }
    this.#lastLeft[from] = atMs;
  }

  came(to: number, atMs: number): void {
    this.#lastCame[to] = atMs;
  }

  /** A frame on a person's link to his server. */
  handed(server: number, atMs: number): void {
    this.#handed.push({ server, atMs });
  }

  /** Of each arrival: how likely each frame that somebody handed in was this one, by Bayes and the law of latencies. */
  judge(arrivals: readonly Arrival[], law: LatencyLaw, sentBy: readonly Arrival[]): Learnt {
    const judged = arrivals.map(({ server, atMs }, index) => {
      const handed = this.#handed.filter((one) => one.server !== server && one.atMs < atMs);
      const late = handed.filter((one) => atMs - one.atMs <= law.maxMs);
      const weights = late.map((one) => law.of(atMs - one.atMs));
      const sum = weights.reduce((all, weight) => all + weight, 0);
      const truth = sentBy[index]!;
      const at = late.findIndex((one) => one.server === truth.server && one.atMs === truth.atMs);
      const bySender = new Map<number, number>();
      late.forEach((one, which) => bySender.set(one.server, (bySender.get(one.server) ?? 0) + weights[which]!));
      const linked = sum === 0 || at === -1 ? 0 : weights[at]! / sum;
      const senders = new Set(handed.map((one) => one.server)).size;
      return {
        linked,
        entropy: entropyOf([...bySender.values()]),
        most: senders,
        guessed: 1 / Math.max(1, late.length),
      };
    });
    return {
      judged: judged.length,
      entropy: meanOf(judged.map(({ entropy }) => entropy)),
      entropyMax: meanOf(judged.map(({ most }) => entropyOf(new Array<number>(most).fill(1)))),
      linked: meanOf(judged.map(({ linked }) => linked)),
      guessed: meanOf(judged.map(({ guessed }) => guessed)),
    };
  }

  /** The same without people's links: which server made what left it too early to be somebody else's. */
  judgeMade(
    arrivals: readonly Arrival[],
    law: LatencyLaw,
    sentBy: readonly Arrival[],
    servers: number,
    putOuts: number,
  ): Learnt {
    // What anybody may have sent unseen.
    const unseen = 1 / servers;
    const judged = arrivals.map(({ server, atMs }, index) => {
      const weights = new Array<number>(servers).fill(unseen);
      weights[server] = 0;
      const before = this.made.filter((made) => made.atMs <= atMs);
      before.forEach((made, at) => {
        if (made.server === server) return;
        // What he looks for was made first, and so often something was made of it until it came out.
        const apart = Math.abs(before.length - at - putOuts);
        weights[made.server]! += law.of(atMs - made.atMs) / 2 ** Math.min(apart, 50);
      });
      const sum = weights.reduce((all, weight) => all + weight, 0);
      return { linked: weights[sentBy[index]!.server]! / sum, entropy: entropyOf(weights) };
    });
    return {
      judged: judged.length,
      entropy: meanOf(judged.map(({ entropy }) => entropy)),
      entropyMax: entropyOf(new Array<number>(servers - 1).fill(1)),
      linked: meanOf(judged.map(({ linked }) => linked)),
      guessed: 1 / (servers - 1),
    };
  }
}
