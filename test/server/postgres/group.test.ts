/** One commit for many writes; no answer before it is on the disk, none for what did not get there. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Client } from 'pg';
import type { PostgresStore } from '../../../server/postgres/store.ts';
import type { Supervisor } from '../../../server/postgres/supervisor.ts';
import type { Operation, StoreOutcome } from '../../../store/store.ts';
import { append, bytes, record } from '../../store/rows.ts';
import { connected, debian, emptied, needsDebian, needsNpm, npm, opened, supervised } from './clusters.ts';
import { Undoing } from '../../undoing.ts';

/** Resolves when `holds` does; asks again as soon as it is answered. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds()));
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, at) => from + at);

function suite(programs: string, syncs: string): void {
  const cluster = new Undoing();
  const each = new Undoing();
  let supervisor: Supervisor;
  let client: Client;
  let store: PostgresStore;
  beforeAll(async () => {
    supervisor = await supervised(cluster, { programs });
    await (await opened(each, supervisor.connection)).close();
  });
  beforeEach(async () => {
    client = await connected(each, supervisor.connection);
    await emptied(client);
    store = await opened(each, supervisor.connection);
  });
  afterEach(async () => each.run());
  afterAll(async () => cluster.run());

  const write = async (...operations: Operation[]): Promise<StoreOutcome> =>
    store.perform({ kind: 'write', request: 0, operations });
  const scalar = async (text: string): Promise<number> =>
    Number(Object.values((await client.query<Record<string, unknown>>(text)).rows[0]!)[0]);
  /** Packets in the log, in order. */
  const log = async (): Promise<string[]> => {
    const outcome = await store.perform({ kind: 'read', request: 0, context: 'hall', after: 0, rowsMax: 512 });
    return outcome.kind === 'rows' ? outcome.rows.map(({ packet }) => Buffer.from(packet).toString()) : [outcome.kind];
  };
  /** Lets rows pass only when `release` is called; resolves once a write of the store's waits. */
  const held = async (first: () => void): Promise<() => Promise<unknown>> => {
    await client.query('BEGIN; LOCK TABLE p3do.rows IN EXCLUSIVE MODE');
    first();
    await until(async () => (await scalar('SELECT count(*) FROM pg_locks WHERE NOT granted')) > 0);
    return async () => client.query('COMMIT');
  };
  /** Makes the database refuse the packet of this number; `when` as in CREATE TRIGGER. */
  const refusing = async (number: number, when: 'DEFERRABLE INITIALLY DEFERRED' | ''): Promise<void> => {
    await client.query(`
      CREATE FUNCTION p3do.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
          IF NEW.packet = convert_to('packet ${number}', 'UTF8') THEN RAISE EXCEPTION 'no'; END IF;
          RETURN NULL;
        END
      $$;
      CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON p3do.rows ${when} FOR EACH ROW EXECUTE FUNCTION p3do.refuse()`);
    each.add(async () => client.query('DROP FUNCTION p3do.refuse CASCADE'));
  };

  test('between every append and its outcome the log was synced', async () => {
    // The writer's own process says what it has done so far, at the end of each of its transactions.
    await client.query(`
      CREATE FUNCTION p3do.tell() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_stat_force_next_flush(); RETURN NULL; END
      $$;
      CREATE TRIGGER tell AFTER INSERT ON p3do.rows FOR EACH STATEMENT EXECUTE FUNCTION p3do.tell()`);
    each.add(async () => client.query('DROP FUNCTION p3do.tell CASCADE'));
    for (const number of numbers(1, 20)) {
      const before = await scalar(syncs);
      expect(await write(append('hall', number))).toMatchObject({ kind: 'written' });
      expect(await scalar(syncs)).toBeGreaterThan(before);
    }
  });

  test('what comes while a commit is in flight is committed together, and not answered before', async () => {
    await write(append('hall', 1));
    let answered = 0;
    const outcomes: Promise<StoreOutcome>[] = [];
    const ask = (number: number): void => {
      outcomes.push(write(append('hall', number)).finally(() => answered++));
    };
    const release = await held(() => ask(2));
    for (const number of numbers(3, 200)) ask(number);
    // Nothing but a turn of the loop and a question to the database lies between: time enough for a wrong answer.
    await scalar('SELECT 1');
    expect(answered).toBe(0);
    await release();
    expect((await Promise.all(outcomes)).map(({ kind }) => kind)).toEqual(numbers(2, 200).map(() => 'written'));
    expect(await scalar('SELECT count(DISTINCT xmin::text) FROM p3do.rows')).toBe(3);
    expect(await log()).toEqual(numbers(1, 200).map((number) => `packet ${number}`));
  });

  test.each([
    ['a commit that turns into a rollback', 'DEFERRABLE INITIALLY DEFERRED' as const],
    ['a statement that fails', '' as const],
  ])('%s is not acknowledged, and spoils no other write of its group', async (_, when) => {
    await refusing(7, when);
    await write(append('hall', 0));
    const outcomes = await Promise.all(numbers(1, 20).map(async (number) => write(append('hall', number))));
    const good = numbers(1, 20).filter((number) => number !== 7);
    expect(outcomes[6]).toMatchObject({ kind: 'refused' });
    expect(outcomes.flatMap((outcome) => (outcome.kind === 'written' ? outcome.appended : []))).toEqual(
      good.map((_number, at) => ({ sequence: at + 2, already: false })),
    );
    expect(await log()).toEqual([0, ...good].map((number) => `packet ${number}`));
  });

  test('a connection that is cut under a write: nobody knows, and the same write again does no harm', async () => {
    await write(append('hall', 1));
    const lost: Promise<StoreOutcome>[] = [];
    const release = await held(() => lost.push(write(append('hall', 2)), write(append('hall', 3))));
    await client.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'p3do' AND wait_event_type = 'Lock'",
    );
    for (const outcome of await Promise.all(lost)) expect(outcome).toMatchObject({ code: '_store_lost' });
    await release();
    await until(async () => (await write(append('hall', 2), append('hall', 3))).kind === 'written');
    expect(await log()).toEqual(['packet 1', 'packet 2', 'packet 3']);
  });

  test('two stores that write to one context make one log', async () => {
    const other = await opened(each, supervisor.connection, { exclusive: false });
    const outcomes = await Promise.all(
      numbers(1, 100).map(async (number) =>
        (number % 2 === 0 ? store : other).perform({
          kind: 'write',
          request: number,
          operations: [append('hall', number)],
        }),
      ),
    );
    const sequences = outcomes.flatMap((outcome) =>
      outcome.kind === 'written' ? outcome.appended.map(({ sequence }) => sequence) : [],
    );
    expect(sequences.sort((a, b) => a - b)).toEqual(numbers(1, 100));
    expect(new Set(await log()).size).toBe(100);
  });

  test('of two stores that ask for a record at once one has it', async () => {
    const other = await opened(each, supervisor.connection, { exclusive: false });
    for (const number of numbers(1, 20)) {
      // A context that is there, or is born with the record.
      const context = number % 2 === 0 ? 'hall' : `context ${number}`;
      const ask = async (one: PostgresStore, value: string): Promise<StoreOutcome> =>
        one.perform({
          kind: 'write',
          request: 0,
          operations: [record(context, `name ${number}`, value, { absent: true }), append(context, number)],
        });
      const outcomes = await Promise.all([ask(store, 'ours'), ask(other, 'theirs')]);
      const winner = outcomes[0].kind === 'written' ? 'ours' : 'theirs';
      expect(outcomes[winner === 'ours' ? 1 : 0]).toMatchObject({ code: '_store_existing_record' });
      expect(await store.perform({ kind: 'records', request: 0, context })).toMatchObject({
        records: expect.arrayContaining([{ name: `name ${number}`, value: bytes(winner) }]),
      });
      // The winner was not told of success in vain, and the loser may ask as often as it likes.
      expect(await ask(winner === 'ours' ? store : other, winner)).toMatchObject({ kind: 'written' });
      expect(await ask(winner === 'ours' ? other : store, 'again')).toMatchObject({ code: '_store_existing_record' });
    }
  });
}

needsDebian('PostgreSQL 15', () => suite(debian, 'SELECT wal_sync FROM pg_stat_wal'));
needsNpm('PostgreSQL 18', () => suite(npm, "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"));
