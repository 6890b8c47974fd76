/** How many cells a second do one and two threads open, fed from memory? Interleaved rounds. */
import { bareCell, envelopeFiller } from '../onion/cell.ts';
import { newPair } from '../onion/keys.ts';
import { sealOnion } from '../onion/seal.ts';
import { OpenPool } from '../server/mor/pool.ts';
import { suite } from '../server/suite.ts';
import { median } from './measure.ts';

const CELLS = 4_000;
const ROUNDS = 5;
/** Given to a pool at once: as many as a server lets be under way. */
const WINDOW = 256;

/** Cells a second, medians. */
export async function poolRates(): Promise<{ readonly one: number; readonly two: number }> {
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
  for (let round = -1; round < ROUNDS; round++) {
    for (const [at, pool] of pools.entries()) {
      const measured = await rate(pool);
      if (round >= 0) samples[at]!.push(measured);
    }
  }
  for (const pool of pools) await pool.close();
  const [one = 0, two = 0] = samples.map(median);
  return { one, two };
}
