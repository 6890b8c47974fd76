/** Rivals in one run: interleaved rounds, so that what disturbs the machine disturbs all of them. */

/** One contender: does the work once and gives a number that depends on all of it, so that none of it is left out. */
export interface Contender {
  readonly name: string;
  readonly work: () => number;
}

/** What one contender took: the lower quartile of its rounds, since what disturbs a round only ever adds. */
export interface Figure {
  readonly name: string;
  readonly nanoseconds: number;
}

const ROUND_MS = 8;
const WARM_UP_ROUNDS = 8;

/**
 * Times each contender in turn, for `rounds` rounds; figures in the order given. Each round begins with another one: who comes
 * first pays for what the last one of the round before left behind.
 */
export function measure(contenders: readonly Contender[], rounds: number, clock: Clock = wall): Figure[] {
  const batches = contenders.map(({ work }) => batchFor(clock, work));
  const samples = contenders.map((): number[] => []);
  for (let round = 0; round < WARM_UP_ROUNDS + rounds; round++) {
    for (let turn = 0; turn < contenders.length; turn++) {
      const index = (round + turn) % contenders.length;
      const nanoseconds = time(clock, contenders[index]!.work, batches[index]!);
      if (round >= WARM_UP_ROUNDS) samples[index]!.push(nanoseconds);
    }
  }
  return contenders.map(({ name }, index) => ({ name, nanoseconds: lowerQuartile(samples[index]!) }));
}

let sink = 0;

/** Nanoseconds since some beginning. */
type Clock = () => number;

/** The clock on the wall. */
const wall: Clock = () => Number(process.hrtime.bigint());

/** What the processor spent on us, in all threads: for ratios that hold on a machine with other work to do. */
export const processor: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
};

/** Nanoseconds a call, over one batch. */
function time(clock: Clock, work: () => number, batch: number): number {
  const begin = clock();
  for (let i = 0; i < batch; i++) sink += work();
  return (clock() - begin) / batch;
}

/** How many calls fill a round. */
function batchFor(clock: Clock, work: () => number): number {
  let batch = 1;
  // Twice: what is slow at first would make it too small.
  while (Math.min(time(clock, work, batch), time(clock, work, batch)) * batch < ROUND_MS * 1e6) batch *= 2;
  return batch;
}

/** The middle of a list of numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1]!;
}

function lowerQuartile(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 2]!;
}

/** What the contenders computed; printed once, so that no engine may leave it out. */
export const checksum = (): number => sink;
