/** Cells are opened in threads as they are opened here, and each answer goes to its question. */
import { afterAll, expect, test } from '@jest/globals';
import { textBytes } from '../../../crypto/bytes.ts';
import { openCell, type Found, type OpenJob } from '../../../listener-bots/opening.ts';
import { bareCell, envelopeFiller } from '../../../onion/cell.ts';
import { newPair } from '../../../onion/keys.ts';
import { sealOnion } from '../../../onion/seal.ts';
import { OpenPool } from '../../../server/mor/pool.ts';
import { suite } from '../../../server/suite.ts';

const failures: unknown[] = [];
const pool = new OpenPool((error) => failures.push(error), 2);
afterAll(() => pool.close());

const nowSeconds = Math.floor(Date.now() / 1000);
const mine = newPair(suite, suite.random);

function jobOf(job: number, publicKey: Uint8Array): OpenJob {
  const whom = { kind: 'server', key: publicKey, pair: newPair(suite, suite.random) } as const;
  const content = textBytes(`:_target\tpsyc://a.test/~bob\n\n_message_private\n${job}\n|\n`);
  const { onion } = sealOnion(
    suite,
    [{ whom, delayMs: 0, isDeposit: false }],
    'exit',
    content,
    nowSeconds,
    suite.random,
  );
  const cell = bareCell(onion, envelopeFiller(suite, suite.random));
  return { job, cell, contexts: [], oneTime: null, servers: [mine], nowSeconds };
}

test('forty cells, of which every fourth is somebody else’s', async () => {
  const foreign = newPair(suite, suite.random);
  const jobs = Array.from({ length: 40 }, (_, at) => jobOf(at, (at % 4 === 0 ? foreign : mine).publicKey));
  const found = await Promise.all(jobs.map((job) => new Promise<Found>((told) => pool.open(job, told))));
  expect(found).toEqual(jobs.map((job) => openCell(suite, job)));
  expect(found.filter(({ kind }) => kind === 'layer')).toHaveLength(30);
  expect(failures).toEqual([]);
});

test('a job that makes a thread crash is nobody’s, is told, and another thread goes on', async () => {
  const broken = { ...jobOf(41, mine.publicKey), servers: [{ secret: mine.secret, publicKey: new Uint8Array(3) }] };
  const one = new Promise<Found>((told) => pool.open({ ...broken, cell: new Uint8Array(3) }, told));
  expect(await one).toEqual({ kind: 'nothing', code: null });
  expect(failures).toHaveLength(1);
  const job = jobOf(42, mine.publicKey);
  const next = await new Promise<Found>((told) => pool.open(job, told));
  expect(next.kind).toBe('layer');
});
