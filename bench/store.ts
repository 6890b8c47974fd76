/** What does an acknowledgement cost? The store on PostgreSQL beside a bare loop that inserts the same rows in groups. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { PostgresStore } from '../server/postgres/store.ts';
import { Supervisor } from '../server/postgres/supervisor.ts';
import { authorOf, bare, makeTable, PACKET_BYTES, rate, type Write } from './bare.ts';
import { median } from './measure.ts';

const PUBLISHERS = 10;
const ROUND_MS = 1_000;
const ROUNDS = 5;

/** The least that the ratio may be: what the house asks for. */
const TARGET = 0.5;

const context = 'psyc://a.example/@hall';
const ours =
  (store: PostgresStore): Write =>
  async ({ publisher, id, packet: bytes }) => {
    const outcome = await store.perform({
      kind: 'write',
      request: 0,
      operations: [{ op: 'append', context, lease: 1, author: authorOf(publisher), id, packet: bytes }],
    });
    if (outcome.kind !== 'written') throw new Error(outcome.kind);
  };

const folder = await mkdtemp(join(tmpdir(), 'p3do-bench-'));
await chmod(folder, 0o711);
const supervisor = await Supervisor.start({ folder, programs: process.argv[2] });
const store = await PostgresStore.open(supervisor.connection);
const client = new Client({ ...supervisor.connection, pipeline: true });
try {
  await client.connect();
  await makeTable(client);
  const { rows } = await client.query<{ version: string }>('SELECT version()');
  const rivals: [string, Write][] = [
    ['store', ours(store)],
    ['bare', bare(client)],
  ];
  process.stdout.write(
    `Node ${process.version}, ${rows[0]!.version.split(' (')[0]}, ${ROUNDS} interleaved rounds of ${ROUND_MS} ms, medians.
Rows acknowledged a second, durable; ${PUBLISHERS} publishers, packets of ${PACKET_BYTES} bytes, one context. Target ${TARGET}.

| window | store | bare insert | ratio |
| -----: | ----: | ----------: | ----: |
`,
  );
  for (const window of [1, 32]) {
    const samples = rivals.map((): number[] => []);
    for (let round = -1; round < ROUNDS; round++) {
      for (const [at, [, write]] of rivals.entries()) {
        const figure = await rate(write, PUBLISHERS, window, ROUND_MS);
        if (round >= 0) samples[at]!.push(figure);
      }
    }
    const [mine, theirs] = samples.map(median) as [number, number];
    const ratio = mine / theirs;
    process.stdout.write(
      `| ${window} | ${mine.toFixed(0)} | ${theirs.toFixed(0)} | ${ratio.toFixed(2)}${ratio < TARGET ? ' !' : ''} |\n`,
    );
  }
} finally {
  await client.end();
  await store.close();
  await supervisor.stop();
  await rm(folder, { recursive: true, force: true });
}
