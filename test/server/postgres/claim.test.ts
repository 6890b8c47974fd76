/** One server at a time: a database has one store that writes, and who lost it to another stops. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Client, ClientConfig } from 'pg';
import type { PostgresStore } from '../../../server/postgres/store.ts';
import type { StoreOutcome } from '../../../store/store.ts';
import { append } from '../../store/rows.ts';
import { connected, debian, emptied, needsDebian, needsNpm, npm, opened, supervised } from './clusters.ts';
import { Undoing } from '../../undoing.ts';

/** Milliseconds: for a claim that will be refused, and for one that will be granted as soon as it can. */
const SHORT_MS = 20;
const LONG_MS = 30_000;

const inUse = { code: '_store_in_use', message: expect.stringMatching(/^another server works on this database: stop/) };

function suite(programs: string): void {
  const cluster = new Undoing();
  const each = new Undoing();
  let connection: ClientConfig;
  let client: Client;
  beforeAll(async () => {
    ({ connection } = await supervised(cluster, { programs }));
    await (await opened(cluster, connection)).close();
  });
  beforeEach(async () => {
    client = await connected(each, connection);
    await emptied(client);
  });
  afterEach(async () => each.run());
  afterAll(async () => cluster.run());

  const write = async (store: PostgresStore, number: number): Promise<StoreOutcome> =>
    store.perform({ kind: 'write', request: number, operations: [append('hall', number)] });
  const last = async (store: PostgresStore): Promise<number> => {
    const outcome = await store.perform({ kind: 'read', request: 0, context: 'hall', after: 0, rowsMax: 1 });
    return outcome.kind === 'rows' ? outcome.last : -1;
  };
  /** Ends the session that has the database. */
  const cut = async (): Promise<unknown> =>
    client.query("SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted");
  /** A store on its way, which waits until it may have the database. */
  const waiting = async (): Promise<Promise<PostgresStore>[]> => {
    const rival = opened(each, connection, { claimMsMax: LONG_MS });
    for (;;) {
      const { rows } = await client.query("SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted");
      if (rows.length > 0) return [rival];
    }
  };

  test('a second is refused while the first is there, does no harm, and has its turn afterwards', async () => {
    const first = await opened(each, connection);
    await write(first, 1);
    await expect(opened(each, connection, { claimMsMax: SHORT_MS })).rejects.toMatchObject(inUse);
    expect(await write(first, 2)).toMatchObject({ kind: 'written' });
    expect(await last(await opened(each, connection, { exclusive: false }))).toBe(2);
    const [rival] = await waiting();
    await first.close();
    expect(await write(await rival!, 3)).toMatchObject({ appended: [{ sequence: 3 }] });
  });

  test('one that lost its connection has the database again, and alone', async () => {
    let isUp: () => void = () => {};
    const store = await opened(each, connection, { up: () => isUp() });
    const again = new Promise<void>((resolve) => {
      isUp = resolve;
    });
    await cut();
    await again;
    expect(await write(store, 1)).toMatchObject({ kind: 'written' });
    await expect(opened(each, connection, { claimMsMax: SHORT_MS })).rejects.toMatchObject(inUse);
  });

  test.each([
    ['has the database', SHORT_MS],
    ['had it for a while', LONG_MS],
  ])('one that lost its connection stops if another %s', async (_, claimMsMax) => {
    let isTaken: (reason: string) => void = () => {};
    const taken = new Promise<string>((resolve) => {
      isTaken = resolve;
    });
    const first = await opened(each, connection, { claimMsMax, taken: isTaken });
    expect(await write(first, 1)).toMatchObject({ kind: 'written' });
    const [rival] = await waiting();
    await cut();
    const second = await rival!;
    expect(await write(second, 2)).toMatchObject({ kind: 'written' });
    if (claimMsMax === LONG_MS) await second.close();
    expect(await taken).toBe('another server has opened this database since: this one must stop');
    expect(await write(first, 3)).toMatchObject({ code: '_store_lease' });
    expect(await last(first)).toBe(2);
  });
}

needsDebian('PostgreSQL 15', () => suite(debian));
needsNpm('PostgreSQL 18', () => suite(npm));
