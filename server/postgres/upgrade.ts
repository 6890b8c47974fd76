/** Moves a cluster to another major version of PostgreSQL by dump and load: `p3do store upgrade`. docs/spec/federation.md#store */
import { access, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import { type Binaries, findBinaries } from './binaries.ts';
import { type Cluster, majorOf, oldData, openCluster, prepare, reach } from './cluster.ts';
import { StoreStartError } from './errors.ts';
import { takeFolder } from './folder.ts';
import { migrate, SCHEMA } from './migrations.ts';
import { isAtWork, postmasterOf, stop } from './postmaster.ts';

/** Rows that are held in memory at once; a packet is up to a mebibyte, twice that in hexadecimal. */
const ROWS_AT_ONCE = 32;

/** What an upgrade did. */
export interface Upgrade {
  readonly from: number;
  readonly to: number;
  /** Rows of all tables. */
  readonly rows: number;
  /** The data as it was; to be removed by the admin once he is content. */
  readonly kept: string | null;
}

/** Copies one table as the text of its rows, which every version writes and reads the same; answers how many rows. */
async function copyTable(from: Client, to: Client, table: string): Promise<number> {
  let count = 0;
  await from.query(`DECLARE dump NO SCROLL CURSOR FOR SELECT t::text AS line FROM ${table} AS t`);
  for (;;) {
    const { rows } = await from.query<{ line: string }>(`FETCH ${ROWS_AT_ONCE} FROM dump`);
    if (rows.length === 0) break;
    await to.query(`INSERT INTO ${table} SELECT r.* FROM unnest($1::${table}[]) AS r`, [rows.map(({ line }) => line)]);
    count += rows.length;
  }
  await from.query('CLOSE dump');
  return count;
}

/** Copies every table of ours between databases of the same schema. */
async function copyAll(from: Client, to: Client): Promise<number> {
  const { rows: tables } = await from.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables
     WHERE schemaname = '${SCHEMA}' AND tablename NOT LIKE 'kysely%'`,
  );
  let count = 0;
  await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  await to.query('BEGIN');
  for (const { name } of tables) count += await copyTable(from, to, name);
  // Keys that were copied are not to be given again.
  await to.query(
    `SELECT setval(pg_get_serial_sequence('${SCHEMA}.contexts', 'id'), greatest(max(id), 1)) FROM ${SCHEMA}.contexts`,
  );
  const { command } = await to.query('COMMIT');
  if (command !== 'COMMIT') throw new Error('the copy was not committed');
  await from.query('COMMIT');
  return count;
}

/** Runs `work` while postgres runs on the cluster. */
async function during<T>(cluster: Cluster, work: (client: Client) => Promise<T>): Promise<T> {
  const postmaster = await postmasterOf(cluster);
  try {
    await migrate(reach(cluster));
    const client = new Client(reach(cluster));
    client.on('error', () => {});
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  } finally {
    await stop(postmaster);
  }
}

const isThere = async (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/**
 * Makes the cluster below `folder` one of the version of `configured` programs, or else of the first that are found. Needs
 * the programs of both versions and room for the data twice; the server must be stopped. May be run again after any
 * interruption. Throws StoreStartError.
 */
export async function upgradeCluster(folder: string, configured?: string): Promise<Upgrade> {
  const release = await takeFolder(folder);
  try {
    return await upgrade(folder, configured);
  } finally {
    await release();
  }
}

async function upgrade(folder: string, configured?: string): Promise<Upgrade> {
  const data = join(folder, 'data');
  if (!(await isThere(data)) && (await isThere(oldData(data)))) await rename(oldData(data), data);
  const from = await majorOf(data);
  if (from === null) throw new StoreStartError('_store_upgrade', `${data} holds no PostgreSQL data to upgrade`);
  const next: Binaries = await findBinaries(configured, null);
  const to = next.major;
  if (to === from) return { from, to, rows: 0, kept: null };
  if (await isThere(oldData(data))) {
    throw new StoreStartError('_store_upgrade', `${oldData(data)} is left from an earlier upgrade: remove it first`);
  }
  const old = await openCluster(folder);
  if (await isAtWork(old))
    throw new StoreStartError('_store_upgrade', `PostgreSQL is running in ${data}: stop the server first`);
  const beside = join(folder, 'upgrade');
  await rm(beside, { recursive: true, force: true });
  const made = await prepare(beside, async () => next);
  const rows = await during(old, async (source) => during(made, async (target) => copyAll(source, target)));
  // Between these two a start is refused, and this function begins again.
  await rename(data, oldData(data));
  await rename(made.data, data);
  await rm(beside, { recursive: true, force: true });
  return { from, to, rows, kept: oldData(data) };
}
