/** A server's store, opened as its configuration says: in memory, in a database, or in one that is started for it. docs/operating.md#serving */
import type { ClientConfig } from 'pg';
import type { Logger } from 'pino';
import { MemoryStore } from '../store/memory.ts';
import type { Store } from '../store/store.ts';
import type { StoreChoice } from './config/config.ts';
import { PostgresStore } from './postgres/store.ts';
import { Supervisor } from './postgres/supervisor.ts';
import { StoreWatch } from './store-watch.ts';

/** A store, and how to let go of it. */
export interface OpenStore {
  readonly store: Store;
  readonly close: () => Promise<void>;
}

/** `taken`: it is lost for good. Throws StoreStartError. */
export async function openStore(
  choice: StoreChoice,
  log: Logger,
  progress: (line: string) => void,
  taken: (error: Error) => void,
): Promise<OpenStore> {
  const watch = new StoreWatch(log, taken);
  if (choice.kind === 'memory') return { store: new MemoryStore(), close: async () => {} };
  if (choice.kind === 'database') {
    const store = await PostgresStore.open({ connectionString: choice.url }, watch);
    return { store: watch.over(store), close: () => store.close() };
  }
  progress('starting the embedded PostgreSQL');
  const supervisor = await Supervisor.start({
    folder: choice.folder,
    programs: choice.programs,
    down: watch.databaseDown,
    up: watch.databaseUp,
  });
  const open = async (connection: ClientConfig): Promise<OpenStore> => {
    const store = await PostgresStore.open(connection, watch);
    const close = async (): Promise<void> => {
      await store.close();
      await supervisor.stop();
    };
    return { store: watch.over(store), close };
  };
  try {
    return await open(supervisor.connection);
  } catch (error) {
    await supervisor.stop();
    throw error;
  }
}
