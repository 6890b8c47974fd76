/** The echo on the wire comes after a sync of the database's log that covers the row, and not for a commit that became a rollback. */
import type { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { newSpeakerKeys, Sayings, Speaker, type SpeakerKeys } from './node/speaker.ts';
import { ping } from './ping.ts';
import { connected, debian, needsDebian, needsNpm, npm } from './postgres/clusters.ts';
import { Undoing } from '../undoing.ts';
import { Served } from './served.ts';
import { needsLinux } from './linux.ts';

const hall = 'psyc://b.test/@hall';

function suite(programs: string, syncs: string): void {
  const undoing = new Undoing();
  let client: Client;
  let speaker: Speaker;
  let sayings: Sayings;
  let bob: SpeakerKeys;
  beforeAll(async () => {
    const served = await Served.make(undoing, 'b.test', { programs });
    served.start();
    await served.ready;
    client = await connected(undoing, served.connection);
    bob = await newSpeakerKeys('bob', 'b.test');
    speaker = await Speaker.open(served.endpoint, bob, { invite: null });
    undoing.add(async () => speaker.close());
    sayings = new Sayings(bob, hall);
    speaker.say(sayings.ask('_request_context_enter'));
    await speaker.method('_echo_context_enter');
  });
  afterAll(async () => undoing.run());

  const scalar = async (text: string): Promise<number> =>
    Number(Object.values((await client.query<Record<string, unknown>>(text)).rows[0]!)[0]);

  /** Says something, and tells whether it was synced when its echo came: by the count of syncs, and by where the log was then. */
  const isSynced = async (text: string): Promise<{ counted: boolean; covered: boolean }> => {
    const before = await scalar(syncs);
    speaker.say(sayings.say('_message_public', text));
    await speaker.method('_echo_message');
    const { rows } = await client.query<{ covered: boolean; now: string }>(
      `SELECT at < pg_current_wal_flush_lsn() AS covered, (${syncs}) AS now FROM p3do.told`,
    );
    return { counted: Number(rows[0]!.now) > before, covered: rows[0]!.covered };
  };

  /** A trigger on rows of the database, until it is undone. */
  const trigger = async (name: string, body: string, when: string): Promise<() => Promise<unknown>> => {
    await client.query(`
      CREATE FUNCTION p3do.${name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN ${body} RETURN NULL; END $$;
      CREATE ${when} EXECUTE FUNCTION p3do.${name}()`);
    return () => client.query(`DROP FUNCTION p3do.${name} CASCADE`);
  };

  test('between an append and its echo the log was synced beyond the row', async () => {
    await client.query("CREATE UNLOGGED TABLE p3do.told AS SELECT '0/0'::pg_lsn AS at");
    // The writer's own process says what it has done so far; and where the row ends in the log.
    await trigger(
      'tell',
      'PERFORM pg_stat_force_next_flush(); UPDATE p3do.told SET at = pg_current_wal_insert_lsn();',
      'TRIGGER tell AFTER INSERT ON p3do.rows FOR EACH STATEMENT',
    );
    for (let number = 1; number <= 20; number++) {
      expect(await isSynced(`message ${number}`)).toEqual({ counted: true, covered: true });
    }
    // A database that answers without a sync is seen.
    const mend = await trigger(
      'hurry',
      "SET LOCAL synchronous_commit = 'off';",
      'TRIGGER hurry AFTER INSERT ON p3do.rows FOR EACH STATEMENT',
    );
    const hurried = [];
    for (let number = 1; number <= 20; number++) hurried.push(await isSynced(`hurried ${number}`));
    expect(hurried).toContainEqual(expect.objectContaining({ covered: false }));
    await mend();
    await client.query('DROP FUNCTION p3do.tell CASCADE');
  });

  test('what the database took back at its commit is not acknowledged until it is there', async () => {
    await client.query('CREATE SEQUENCE p3do.tries');
    const mend = await trigger(
      'refuse',
      `IF position('refused' IN encode(NEW.packet, 'escape')) > 0 THEN
        PERFORM nextval('p3do.tries'); RAISE EXCEPTION 'no';
      END IF;`,
      'CONSTRAINT TRIGGER refuse AFTER INSERT ON p3do.rows DEFERRABLE INITIALLY DEFERRED FOR EACH ROW',
    );
    const kept = "SELECT count(*) FROM p3do.rows WHERE position('refused' IN encode(packet, 'escape')) > 0";
    const refused = sayings.say('_message_public', 'refused');
    speaker.say(refused);
    // The third try: two were answered by then. Whatever comes before the answer to the question says something wrong.
    const heard: (string | null)[] = [];
    while (heard.length === 0 && (await scalar('SELECT last_value FROM p3do.tries')) < 3) {
      heard.push(...(await ping(speaker, bob)));
    }
    expect(heard).toEqual([]);
    expect(await scalar(kept)).toBe(0);
    await mend();
    const echo = await speaker.method('_echo_message');
    expect(Number(echo.text('_counter_relay'))).toBe(refused.counter);
    expect(await scalar(kept)).toBe(1);
  });
}

needsLinux('echoes', () => {
  needsDebian('PostgreSQL 15', () => suite(debian, 'SELECT wal_sync FROM pg_stat_wal'));
  needsNpm('PostgreSQL 18', () => suite(npm, "SELECT sum(fsyncs) FROM pg_stat_io WHERE object = 'wal'"));
});
