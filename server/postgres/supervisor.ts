/** The embedded database: a postgres child process that is found, initialised, started, watched and stopped. docs/spec/federation.md#store */
import type { ClientConfig } from 'pg';
import { isRoot } from './account.ts';
import { type Cluster, openCluster, reach } from './cluster.ts';
import { reasonOf } from './errors.ts';
import { type Release, takeFolder } from './folder.ts';
import { type Postmaster, postmasterOf, stop } from './postmaster.ts';

/** Milliseconds between attempts to start it again, doubled from the one to the other. */
const PAUSE_MS_MIN = 50;
const PAUSE_MS_MAX = 10_000;

/** What may be configured, and who is told. */
export interface SupervisorOptions {
  /** Folder of the cluster; see `defaultFolder`. */
  readonly folder: string;
  /** Folder of `postgres` and `initdb` to prefer. */
  readonly programs?: string | undefined;
  /** Told when postgres was lost or could not be started again; `reason` is for the log. */
  readonly down?: (reason: string) => void;
  readonly up?: (pid: number) => void;
}

/** Where the cluster is when nobody says: root's home is closed to the user that postgres runs as. */
export const defaultFolder = (ownFolder: string): string =>
  isRoot() ? '/var/lib/p3do/postgres' : `${ownFolder}/postgres`;

/** Keeps one postgres running. */
export class Supervisor {
  /** How the store reaches it. */
  readonly connection: ClientConfig;
  readonly #cluster: Cluster;
  readonly #options: SupervisorOptions;
  readonly #release: Release;
  #postmaster: Postmaster;
  #again: Promise<void> = Promise.resolve();
  #wake: () => void = () => {};
  #isStopping = false;

  private constructor(cluster: Cluster, postmaster: Postmaster, options: SupervisorOptions, release: Release) {
    this.connection = reach(cluster);
    this.#cluster = cluster;
    this.#postmaster = postmaster;
    this.#options = options;
    this.#release = release;
    this.#watch();
  }

  /** Resolves when postgres takes connections. Throws StoreStartError: `_store_in_use` where another supervisor is at work. */
  static async start(options: SupervisorOptions): Promise<Supervisor> {
    // A postgres that runs in the folder is then one that a dead server left, and ours to stop.
    const release = await takeFolder(options.folder);
    try {
      const cluster = await openCluster(options.folder, options.programs);
      const postmaster = await postmasterOf(cluster);
      options.up?.(postmaster.pid);
      return new Supervisor(cluster, postmaster, options, release);
    } catch (error) {
      await release();
      throw error;
    }
  }

  /** The present process. */
  get pid(): number {
    return this.#postmaster.pid;
  }

  /** Stops postgres for good; resolves when it is gone. Close the store before, or it will see its connections break. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#wake();
    await this.#again;
    await stop(this.#postmaster);
    await this.#release();
  }

  #watch(): void {
    void this.#postmaster.gone.then(() => {
      if (this.#isStopping) return;
      this.#options.down?.(`postgres, process ${this.#postmaster.pid}, is gone`);
      this.#again = this.#restart();
    });
  }

  async #restart(): Promise<void> {
    for (let pauseMs = PAUSE_MS_MIN; !this.#isStopping; pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX)) {
      try {
        this.#postmaster = await postmasterOf(this.#cluster);
        this.#options.up?.(this.#postmaster.pid);
        this.#watch();
        return;
      } catch (error) {
        this.#options.down?.(reasonOf(error));
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pauseMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }
}
