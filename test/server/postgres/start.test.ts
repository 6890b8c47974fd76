/** What a start needs and what it refuses, each with its code and one sentence. */
import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { blockingFolder } from '../../../server/postgres/account.ts';
import { findBinaries } from '../../../server/postgres/binaries.ts';
import { copyBinaries } from '../../../server/postgres/binaries-npm.ts';
import { openCluster } from '../../../server/postgres/cluster.ts';
import { postmasterOf, stop } from '../../../server/postgres/postmaster.ts';
import { PostgresStore } from '../../../server/postgres/store.ts';
import { upgradeCluster } from '../../../server/postgres/upgrade.ts';
import { append, record } from '../../store/rows.ts';
import {
  connected,
  debian,
  needsDebian,
  needsNpm,
  needsRoot,
  npm,
  opened,
  supervised,
  temporaryFolder,
} from './clusters.ts';
import { Undoing } from '../../undoing.ts';

const undoing = new Undoing();
afterEach(async () => undoing.run());

/** A folder of programs whose postgres is Debian's with more arguments. */
async function programsWith(more: string): Promise<string> {
  const folder = join(await temporaryFolder(undoing), 'bin');
  await mkdir(folder, { mode: 0o755 });
  await writeFile(join(folder, 'postgres'), `#!/bin/sh\nexec ${debian}/postgres "$@" ${more}\n`, { mode: 0o755 });
  await symlink(join(debian, 'initdb'), join(folder, 'initdb'));
  return folder;
}

test('a socket whose path is too long is refused', async () => {
  const folder = join(await temporaryFolder(undoing), 'x'.repeat(100));
  await expect(supervised(undoing, { folder })).rejects.toMatchObject({
    code: '_store_long_socket_path',
    message: expect.stringMatching(/^the path of the store's socket has \d+ bytes, 107 are possible: configure/),
  });
});

test('a configured folder without programs is named', async () => {
  await expect(findBinaries('/nowhere', null)).rejects.toMatchObject({
    code: '_store_no_binary',
    message: expect.stringContaining('/nowhere'),
  });
});

test('a database that does not answer is named', async () => {
  const folder = await temporaryFolder(undoing);
  await expect(PostgresStore.open({ host: folder })).rejects.toMatchObject({ code: '_store_unreachable' });
});

needsDebian('with PostgreSQL 15', () => {
  test('a database that would lose rows is refused', async () => {
    const programs = await programsWith('-c fsync=off -c full_page_writes=off');
    const { connection } = await supervised(undoing, { programs });
    await expect(PostgresStore.open(connection)).rejects.toMatchObject({
      code: '_store_unsafe_settings',
      message: expect.stringContaining('fsync and full_page_writes off'),
    });
  });

  test('a schema newer than the program, and a session that does not wait for the disk, are refused', async () => {
    const { connection, pid } = await supervised(undoing, { programs: debian });
    await (await opened(undoing, connection)).close();
    const client = await connected(undoing, connection);
    await client.query("INSERT INTO p3do.kysely_migration VALUES ('999-future', '2100-01-01')");
    await expect(PostgresStore.open(connection)).rejects.toMatchObject({
      code: '_store_newer_schema',
      message: expect.stringContaining('999-future'),
    });
    await client.query('ALTER ROLE p3do SET synchronous_commit = off');
    await expect(PostgresStore.open(connection)).rejects.toMatchObject({
      code: '_store_unsafe_settings',
      message: expect.stringContaining('synchronous_commit off'),
    });
    // Not on TCP, in a group of its own, and nobody else gets near the socket.
    const { rows } = await client.query('SHOW listen_addresses');
    expect(rows).toEqual([{ listen_addresses: '' }]);
    expect((await stat(connection.host!)).mode & 0o777).toBe(0o700);
    const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).replace(/^.*\) /, '').split(' ');
    expect(Number(fields[2])).toBe(pid);
  });

  test('a store from before there were records keeps its rows, and takes records', async () => {
    const { connection } = await supervised(undoing, { programs: debian });
    const before = await opened(undoing, connection);
    await before.perform({ kind: 'write', request: 1, operations: [append('hall', 1)] });
    await before.close();
    const client = await connected(undoing, connection);
    await client.query(
      "DROP TABLE p3do.records, p3do.openings; DROP INDEX p3do.members_name; DELETE FROM p3do.kysely_migration WHERE name > '001-log'",
    );
    const after = await opened(undoing, connection);
    const operations = [append('hall', 1), record('hall', 'key', 'value')];
    expect(await after.perform({ kind: 'write', request: 2, operations })).toMatchObject({
      appended: [{ sequence: 1, already: true }],
    });
    expect(await after.perform({ kind: 'records', request: 3, context: 'hall' })).toMatchObject({
      records: [{ name: 'key' }],
    });
  });

  test('data of a version that is not here is refused, before anything is touched', async () => {
    const folder = await temporaryFolder(undoing);
    await mkdir(join(folder, 'data'), { mode: 0o700 });
    await writeFile(join(folder, 'data', 'PG_VERSION'), '12\n');
    await expect(supervised(undoing, { folder })).rejects.toMatchObject({
      code: '_store_other_version',
      message: expect.stringMatching(/^the store's data is PostgreSQL 12's and here is only 1/),
    });
  });

  test('a postgres that does not start says why', async () => {
    const programs = await programsWith('-c no_such_setting=1');
    await expect(supervised(undoing, { programs })).rejects.toMatchObject({
      code: '_store_no_start',
      message: expect.stringContaining('no_such_setting'),
    });
  });
});

needsDebian('with PostgreSQL 15 and more', () => {
  needsNpm('npm’s', () => {
    test('data is run by the version that made it, and moved to another by an upgrade', async () => {
      const folder = await temporaryFolder(undoing);
      const first = await supervised(undoing, { folder, programs: debian });
      const before = await opened(undoing, first.connection);
      const operations = [
        append('hall', 1),
        append('hall', 2, { packet: Buffer.from('{"\\\\,\0\n') }),
        append('bar', 1),
      ];
      await before.perform({ kind: 'write', request: 1, operations });
      await before.perform({
        kind: 'write',
        request: 1,
        operations: [
          { op: 'mark', context: 'hall', lease: 1, name: 'read', sequence: 2 },
          record('hall', 'key', '{"\\\\,\0\n'),
        ],
      });
      await expect(upgradeCluster(folder, npm)).rejects.toMatchObject({ code: '_store_in_use' });
      const questions = [
        { kind: 'read', request: 1, context: 'hall', after: 0, rowsMax: 9 },
        { kind: 'marks', request: 2, context: 'hall' },
        { kind: 'read', request: 3, context: 'bar', after: 0, rowsMax: 9 },
        { kind: 'records', request: 4, context: 'hall' },
      ] as const;
      const then = await Promise.all(questions.map(async (question) => before.perform(question)));
      await before.close();
      await first.stop();
      const same = await supervised(undoing, { folder, programs: npm });
      expect(await (await connected(undoing, same.connection)).query('SHOW server_version_num')).toMatchObject({
        rows: [{ server_version_num: expect.stringMatching(/^15/) }],
      });
      await same.stop();
      // As a server leaves it that was killed.
      const left = await postmasterOf(await openCluster(folder));
      await expect(upgradeCluster(folder, npm)).rejects.toMatchObject({ code: '_store_upgrade' });
      await stop(left);
      expect(await upgradeCluster(folder, npm)).toMatchObject({ from: 15, to: 18, rows: 8 });
      const second = await supervised(undoing, { folder });
      expect(await (await connected(undoing, second.connection)).query('SHOW server_version_num')).toMatchObject({
        rows: [{ server_version_num: expect.stringMatching(/^18/) }],
      });
      const after = await opened(undoing, second.connection);
      expect(await Promise.all(questions.map(async (question) => after.perform(question)))).toEqual(then);
      expect(await after.perform({ kind: 'write', request: 1, operations: [append('new', 1)] })).toMatchObject({
        kind: 'written',
      });
      await after.close();
      await second.stop();
      expect(await upgradeCluster(folder, npm)).toMatchObject({ from: 18, to: 18, kept: null });
    });
  });
});

needsNpm('npm’s programs', () => {
  test('are copied whole, once, to where another user may run them', async () => {
    const folder = await temporaryFolder(undoing);
    const bin = await copyBinaries(folder);
    expect(await findBinaries(bin, null)).toMatchObject({ folder: bin, major: 18 });
    expect(await copyBinaries(folder)).toBe(bin);
    const { pid } = await supervised(undoing, { programs: bin });
    expect(pid).toBeGreaterThan(0);
  });
});

needsRoot('as root', () => {
  test('a folder that the user of postgres may not enter is named', async () => {
    const folder = await temporaryFolder(undoing);
    await chmod(folder, 0o700);
    await expect(supervised(undoing, { folder: join(folder, 'store') })).rejects.toMatchObject({
      code: '_store_blocked_folder',
      message: expect.stringContaining(`may not enter ${folder} on the way to`),
    });
    expect(await blockingFolder(folder, { uid: 1, gid: 1 })).toBe(folder);
    expect(await blockingFolder(dirname(folder), { uid: 1, gid: 1 })).toBeNull();
  });
});
