/** How many cells a second do one and two threads open, fed from memory? Interleaved rounds. */
import { readdir, readFile } from 'node:fs/promises';
import { bareCell, envelopeFiller } from '../onion/cell.ts';
import { newPair } from '../onion/keys.ts';
import { sealOnion } from '../onion/seal.ts';
import { OpenPool } from '../server/mor/pool.ts';
import { suite } from '../server/suite.ts';
import { median } from './measure.ts';

const CELLS = 8_000;
const ROUNDS = 5;
/** Given to a pool at once: as many as a server lets be under way. */
const WINDOW = 256;

/** What threads of this process have taken of the processor so far, in any unit: who feeds them, and all others. Linux's. */
async function spent(): Promise<{ readonly feeder: number; readonly others: number }> {
  const tasks = await readdir('/proc/self/task').catch(() => []);
  const times = await Promise.all(
    tasks.map(async (task) => {
      const fields = (await readFile(`/proc/self/task/${task}/stat`, 'latin1')).replace(/^.*\) /, '').split(' ');
      return { task, time: Number(fields[11]) + Number(fields[12]) };
    }),
  );
  const sum = (isFeeder: boolean): number =>
    times.reduce((all, { task, time }) => all + ((task === String(process.pid)) === isFeeder ? time : 0), 0);
  return { feeder: sum(true), others: sum(false) };
}

/**
 * Cells a second, medians; and how many times as many two threads would open as one where two cores have nothing else to do: both
 * share these with who feeds them, one has a core of its own. That holds on a busy machine as well; NaN where there is no /proc.
 */
export async function poolRates(): Promise<{ readonly one: number; readonly two: number; readonly idle: number }> {
  const key = newPair(suite, suite.random);
  const nowSeconds = Math.floor(Date.now() / 1000);
  const cells = Array.from({ length: WINDOW }, () => {
    const whom = { kind: 'server', key: key.publicKey, pair: newPair(suite, suite.random) } as const;
    const hops = [{ whom, delayMs: 0, isDeposit: false }];
    const { onion } = sealOnion(suite, hops, 'discard', new Uint8Array(), nowSeconds, suite.random);
    return bareCell(onion, envelopeFiller(suite, suite.random));
  });
  const failed = (error: unknown): never => {
    throw error;
  };
  const pools = [new OpenPool(failed, 1), new OpenPool(failed, 2)] as const;
  const open = (pool: OpenPool, job: number): Promise<void> =>
    new Promise((done) => {
      const cell = cells[job % WINDOW]!;
      pool.open({ job, cell, contexts: [], oneTime: null, servers: [key], nowSeconds }, () => done());
    });
  const rate = async (pool: OpenPool): Promise<number> => {
    const beganMs = performance.now();
    let job = 0;
    const goOn = async (): Promise<void> => {
      while (job < CELLS) await open(pool, job++);
    };
    await Promise.all(Array.from({ length: WINDOW }, goOn));
    return (CELLS / (performance.now() - beganMs)) * 1000;
  };
  const samples = pools.map((): number[] => []);
  let [feeder, others] = [0, 0];
  for (let round = -1; round < ROUNDS; round++) {
    for (const [at, pool] of pools.entries()) {
      const before = await spent();
      const measured = await rate(pool);
      const after = await spent();
      if (round < 0) continue;
      samples[at]!.push(measured);
      if (at === 0) continue;
      feeder += after.feeder - before.feeder;
      others += after.others - before.others;
    }
  }
  for (const pool of pools) await pool.close();
  const [one = 0, two = 0] = samples.map(median);
  return { one, two, idle: (2 * others) / (others + feeder) };
}
