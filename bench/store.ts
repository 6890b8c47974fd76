/** What does an acknowledgement cost? The store on PostgreSQL beside a bare loop that inserts the same rows in groups. */
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { Client } from 'pg';
import { PostgresStore } from '../server/postgres/store.ts';
import { Supervisor } from '../server/postgres/supervisor.ts';
import { median } from './measure.ts';

const PUBLISHERS = 10;
const PACKET_BYTES = 1024;
const ROUND_MS = 1_000;
const ROUNDS = 5;

/** The least that the ratio may be: what the house asks for. */
const TARGET = 0.5;

/** A row as a publisher has it; `packet` is the same bytes for all, the id is not. */
interface Row {
  readonly publisher: number;
  readonly id: Uint8Array;
  readonly packet: Uint8Array;
}
type Write = (row: Row) => Promise<void>;

const packet = Uint8Array.from({ length: PACKET_BYTES }, (_, at) => (at * 31) % 256);
const authors = Array.from({ length: PUBLISHERS }, (_, at) => new Uint8Array(32).fill(at + 1));
let ids = 0;

/** Rows acknowledged a second while every publisher has `window` under way. */
async function rate(write: Write, window: number): Promise<number> {
  const begin = performance.now();
  let count = 0;
  const slots = Array.from({ length: PUBLISHERS * window }, async (_, slot) => {
    while (performance.now() - begin < ROUND_MS) {
      const id = new Uint8Array(16);
      new DataView(id.buffer).setBigUint64(0, BigInt(++ids));
      await write({ publisher: slot % PUBLISHERS, id, packet });
      count++;
    }
  });
  await Promise.all(slots);
  return (count / (performance.now() - begin)) * 1_000;
}

/** The rival: no checks, no leases, no ids to find again; one table with its key, one insert for all that wait. */
function bare(client: Client): Write {
  let waiting: { row: Row; done: () => void }[] = [];
  let isRunning = false;
  let sequence = 0;
  const run = async (): Promise<void> => {
    isRunning = true;
    while (waiting.length > 0) {
      // It gathers as the store does: else its first commits carry one row.
      await setImmediate();
      const group = waiting;
      waiting = [];
      await client.query({
        name: 'bare',
        text: `INSERT INTO bare SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[])`,
        values: [
          `{${group.map(() => ++sequence).join(',')}}`,
          group.map(({ row }) => authors[row.publisher]),
          group.map(({ row }) => row.id),
          group.map(({ row }) => row.packet),
        ],
      });
      for (const { done } of group) done();
    }
    isRunning = false;
  };
  return async (row) =>
    new Promise((done) => {
      waiting.push({ row, done });
      if (!isRunning) void run();
    });
}

const context = 'psyc://a.example/@hall';
const ours =
  (store: PostgresStore): Write =>
  async ({ publisher, id, packet: bytes }) => {
    const outcome = await store.perform({
      kind: 'write',
      request: 0,
      operations: [{ op: 'append', context, lease: 1, author: authors[publisher]!, id, packet: bytes }],
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
  await client.query('CREATE TABLE bare (sequence bigint PRIMARY KEY, author bytea, id bytea, packet bytea)');
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
        const figure = await rate(write, window);
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
