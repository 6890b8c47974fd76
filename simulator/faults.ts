/** Everything that can go wrong, by name: the rates at which it does, and a count of how often it did. docs/simulator.md#faults */
import type { Random } from './random.ts';

/** The faults that a run can meet, in the order in which reports show them. */
export const faultNames = [
  'loss',
  'duplication',
  'reordering',
  'delay',
  'partition',
  'partition one way',
  'cut off',
  'refused connection',
  'chopped',
  'reset',
  'lost in flight',
  'half-open',
  'slow disk',
  'disk full',
  'store lost',
  'late commit',
  'crash',
  'lost batch',
  'unheard commit',
] as const;

/** The name of one kind of fault. */
export type Fault = (typeof faultNames)[number];

/** Rates of everything that can go wrong. Probabilities are 0..1; a mean interval of 0 means never. */
export interface FaultRates {
  /** Probability that a datagram is lost. */
  readonly loss: number;
  /** Probability that a datagram arrives twice. */
  readonly duplication: number;
  /** Probability that a datagram is held back by ten mean delays, so that later ones overtake it. */
  readonly reordering: number;
  /** Mean of the exponential part of every delay, and the least delay; microseconds. */
  readonly delayUsMean: number;
  readonly delayUsMin: number;
  /** Probability that a chunk of a stream is held back by ten mean delays (a retransmission below us). */
  readonly delay: number;
  /** Probability that a stream's bytes are cut at random places rather than where they were written. */
  readonly chopping: number;
  /** Mean time between partitions of one link, and how long each lasts; microseconds. */
  readonly partitionIntervalUsMean: number;
  readonly partitionUsMean: number;
  /** Probability that a partition stops one direction only. */
  readonly partitionOneWay: number;
  /** Mean lifetime of a connection before it is reset; microseconds. */
  readonly resetIntervalUsMean: number;
  /** Probability that a connection that ended for one side never ends for the other. */
  readonly halfOpen: number;
  /** Mean and least time that the disk takes; probability of a stall of twenty means. */
  readonly diskUsMean: number;
  readonly diskUsMin: number;
  readonly diskStall: number;
  /** Mean time between full disks, and how long one stays full; microseconds. */
  readonly diskFullIntervalUsMean: number;
  readonly diskFullUsMean: number;
  /** Probability that the connection to the store is lost under a request, which may then be done or not. */
  readonly storeLoss: number;
  /** Mean time between crashes of one host, and how long it stays down; microseconds. */
  readonly crashIntervalUsMean: number;
  readonly downUsMean: number;
}

/** Nothing goes wrong; only time passes. */
export const calm: FaultRates = {
  loss: 0,
  duplication: 0,
  reordering: 0,
  delayUsMean: 2000,
  delayUsMin: 500,
  delay: 0,
  chopping: 0,
  partitionIntervalUsMean: 0,
  partitionUsMean: 0,
  partitionOneWay: 0,
  resetIntervalUsMean: 0,
  halfOpen: 0,
  diskUsMean: 1000,
  diskUsMin: 200,
  diskStall: 0,
  diskFullIntervalUsMean: 0,
  diskFullUsMean: 0,
  storeLoss: 0,
  crashIntervalUsMean: 0,
  downUsMean: 0,
};

const SECOND = 1_000_000;

/** What can go wrong in one run, and how often it did. */
export class Faults {
  /** The rates that hold now. */
  rates: FaultRates;
  readonly #counts = new Map<Fault, number>();

  constructor(rates: FaultRates) {
    this.rates = rates;
  }

  /** Notes that a fault happened, or happened several times. */
  happened(fault: Fault, times = 1): void {
    this.#counts.set(fault, this.of(fault) + times);
  }

  /** How often this fault happened. */
  of(fault: Fault): number {
    return this.#counts.get(fault) ?? 0;
  }

  /** The faults that happened, in the order of faultNames. */
  entries(): [Fault, number][] {
    return faultNames.filter((fault) => this.of(fault) > 0).map((fault) => [fault, this.of(fault)]);
  }
}

/**
 * The rates of one run. Each seed gets its own mixture, with some faults absent and some heavy: runs that all look like
 * the average miss what only shows when one fault comes alone or often.
 */
export function drawRates(random: Random): FaultRates {
  /** Absent in a third of the runs, light in a third, heavy in a third. */
  const level = (light: number, heavy: number): number => [0, light, heavy][random.below(3)]!;
  return {
    loss: level(0.02, 0.2),
    duplication: level(0.02, 0.2),
    reordering: level(0.05, 0.3),
    delayUsMean: random.pick([500, 5_000, 50_000]),
    delayUsMin: random.pick([100, 1_000, 20_000]),
    delay: level(0.01, 0.1),
    chopping: level(0.1, 0.9),
    partitionIntervalUsMean: level(60 * SECOND, 10 * SECOND),
    partitionUsMean: random.pick([SECOND / 2, 4 * SECOND]),
    partitionOneWay: random.pick([0, 0.5]),
    resetIntervalUsMean: level(30 * SECOND, 3 * SECOND),
    halfOpen: random.pick([0, 0.3]),
    diskUsMean: random.pick([200, 3_000, 30_000]),
    diskUsMin: 50,
    diskStall: level(0.01, 0.1),
    diskFullIntervalUsMean: level(60 * SECOND, 10 * SECOND),
    diskFullUsMean: random.pick([SECOND / 2, 3 * SECOND]),
    storeLoss: level(0.01, 0.1),
    crashIntervalUsMean: level(40 * SECOND, 8 * SECOND),
    downUsMean: random.pick([SECOND / 10, 2 * SECOND]),
  };
}
