/** The rival of every store: one table with its key, one insert for all that wait; no checks, no leases, no ids to find again. */
import { setImmediate } from 'node:timers/promises';
import type { Client } from 'pg';

/** A row as a publisher has it; `packet` is the same bytes for all, the id is not. */
export interface Row {
  readonly publisher: number;
  readonly id: Uint8Array;
  readonly packet: Uint8Array;
}
export type Write = (row: Row) => Promise<void>;

export const PACKET_BYTES = 1024;
const packet = Uint8Array.from({ length: PACKET_BYTES }, (_, at) => (at * 31) % 256);
let ids = 0;

/** A publisher's key. */
export const authorOf = (publisher: number): Uint8Array => new Uint8Array(32).fill(publisher + 1);

/** Rows acknowledged a second in so many milliseconds while every publisher has `window` under way. */
export async function rate(write: Write, publishers: number, window: number, ms: number): Promise<number> {
  const begin = performance.now();
  let count = 0;
  const slots = Array.from({ length: publishers * window }, async (_, slot) => {
    while (performance.now() - begin < ms) {
      const id = new Uint8Array(16);
      new DataView(id.buffer).setBigUint64(0, BigInt(++ids));
      await write({ publisher: slot % publishers, id, packet });
      count++;
    }
  });
  await Promise.all(slots);
  return (count / (performance.now() - begin)) * 1_000;
}

/** Makes its table. */
export const makeTable = (client: Client): Promise<unknown> =>
  client.query('CREATE TABLE bare (sequence bigint PRIMARY KEY, author bytea, id bytea, packet bytea)');

/** Inserts what waits. */
export function bare(client: Client): Write {
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
          group.map(({ row }) => authorOf(row.publisher)),
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
