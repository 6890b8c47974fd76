/** A database that goes away while people speak, and a disk that is full: nothing is acknowledged that is not there, and it comes back by itself. */
import { execFile } from 'node:child_process';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, expect, test } from '@jest/globals';
import { logOf, verify, verifyHeard } from './books.ts';
import { Speaker } from './node/speaker.ts';
import { ping } from './ping.ts';
import { debian, needsDebian, needsNpm, needsRoot, npm, opened, supervised } from './postgres/clusters.ts';
import { Undoing } from '../undoing.ts';
import { passableFolder, Served, type ServedOptions } from './served.ts';
import { needsLinux } from './linux.ts';
import { Crowd } from './talkers.ts';
import { Tunnel } from './tunnel.ts';

const run = promisify(execFile);
const undoing = new Undoing();
afterEach(async () => undoing.run());

const hall = 'psyc://b.test/@hall';

const says =
  (words: string) =>
  (line: string): boolean =>
    line.includes(words);
const [lost, back] = [says('the store is lost'), says('the store is back')];

/** A server with people who speak. */
async function speaking(options: ServedOptions, padBytes = 0): Promise<{ b: Served; crowd: Crowd }> {
  const b = await Served.make(undoing, 'b.test', options);
  b.start();
  await b.ready;
  const crowd = new Crowd();
  undoing.add(async () => crowd.close());
  for (const nick of ['ada', 'bob', 'eve']) await crowd.join(b, nick, hall, padBytes);
  crowd.begin();
  await crowd.acknowledged(20);
  return { b, crowd };
}

/** Breaks the store and mends it when it was `missed` for a while; until then nobody is told that anything is kept. */
async function outage(
  b: Served,
  crowd: Crowd,
  { lose, missed, mend }: Record<'lose' | 'missed' | 'mend', () => Promise<unknown>>,
): Promise<void> {
  const { keys } = crowd.talkers[0]!;
  const speaker = await Speaker.open(b.endpoint, keys, { side: 'ping' });
  undoing.add(async () => speaker.close());
  const from = b.log.length;
  await lose();
  await b.logged(lost, from);
  await ping(speaker, keys, 'ping');
  const before = crowd.count;
  await missed();
  await ping(speaker, keys, 'ping');
  expect(crowd.count).toBe(before);
  await mend();
  await b.logged(back, from);
  await crowd.acknowledged(20);
}

/** The books are right, and the log tells nobody's words. */
async function finished(b: Served, crowd: Crowd, connection = b.connection): Promise<void> {
  await crowd.finish();
  const log = await logOf(b, hall, connection);
  verify(log, crowd.talkers);
  verifyHeard(log, crowd.talkers);
  expect(b.endings).toEqual([]);
  expect(b.log.filter((line) => !line.includes('"debug"') && /says number|psyc:|~/.test(line))).toEqual([]);
}

/** The database of a server's own dies and cannot start. */
async function own(programs: string): Promise<void> {
  const { b, crowd } = await speaking({ programs, logLevel: 'debug' });
  const control = join(b.data, 'global', 'pg_control');
  const isDown = says('the embedded PostgreSQL is down');
  let seen = 0;
  await outage(b, crowd, {
    lose: async () => {
      await rename(control, `${control}.away`);
      seen = b.log.length;
      await b.killDatabase();
    },
    // Its death, and two starts that failed.
    missed: async () => {
      for (let times = 0; times < 3; times++) seen = b.log.indexOf(await b.logged(isDown, seen), seen) + 1;
    },
    mend: () => rename(`${control}.away`, control),
  });
  // However often it was tried.
  for (const words of ['the embedded PostgreSQL is down', 'the store is lost']) {
    expect(b.log.filter((line) => line.includes('"error"') && line.includes(words))).toHaveLength(1);
  }
  await finished(b, crowd);
}

needsLinux('a server that loses its store', () => {
  needsDebian('PostgreSQL 15', () => {
    test('its own database dies and cannot start', () => own(debian));

    test('the database of its URL goes away, and answers get lost', async () => {
      const supervisor = await supervised(undoing, { programs: debian });
      const { host, port } = supervisor.connection;
      const tunnel = await Tunnel.open(undoing, join(host!, `.s.PGSQL.${port}`));
      const database = `postgres://p3do@127.0.0.1:${tunnel.port}/postgres`;
      const { b, crowd } = await speaking({ database });
      const cut = async (): Promise<void> => tunnel.cut();
      await outage(b, crowd, { lose: cut, missed: () => tunnel.tried(3), mend: async () => tunnel.mend() });
      for (let times = 0; times < 5; times++) {
        // What was asked last is done, and only the database knows.
        const lose = async (): Promise<void> => {
          tunnel.deafen();
          await tunnel.tried(1);
          tunnel.cut();
        };
        await outage(b, crowd, { lose, missed: () => tunnel.tried(1), mend: async () => tunnel.mend() });
      }
      await finished(b, crowd, supervisor.connection);
    });

    test('another server opens its database meanwhile: it says so and ends', async () => {
      const supervisor = await supervised(undoing, { programs: debian });
      const { host, port } = supervisor.connection;
      const tunnel = await Tunnel.open(undoing, join(host!, `.s.PGSQL.${port}`));
      const { b, crowd } = await speaking({ database: `postgres://p3do@127.0.0.1:${tunnel.port}/postgres` });
      tunnel.cut();
      await opened(undoing, supervisor.connection);
      tunnel.mend();
      expect(JSON.parse(await b.logged(says('"fatal"')))).toMatchObject({
        reason: 'another server has opened this database since: this one must stop',
      });
      await b.over;
      crowd.close();
    });
  });
  needsNpm('PostgreSQL 18', () => {
    test('its own database dies and cannot start', () => own(npm));
  });
  needsRoot('a small disk', () => {
    needsDebian('PostgreSQL 15', () => {
      test('is full, and has room again', async () => {
        const disk = join(await passableFolder(undoing), 'disk');
        await mkdir(disk);
        await run('mount', ['-t', 'tmpfs', '-o', 'size=96m,mode=755', 'tmpfs', disk]);
        undoing.add(async () => run('umount', ['-l', disk]));
        const ballast = join(disk, 'ballast');
        await writeFile(ballast, Buffer.alloc(24 << 20));
        const { b, crowd } = await speaking({ folder: join(disk, 'b.test'), programs: debian }, 100_000);
        // Where the file of rows is full, PostgreSQL says so; where its log is, it falls over.
        const line = await b.logged((said) => lost(said) || says('the store is full')(said));
        await rm(ballast);
        await b.logged((said) => back(said) || says('the store has room again')(said), b.log.indexOf(line));
        await finished(b, crowd);
      });
    });
  });
});
