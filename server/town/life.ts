/** One life of a domain's server, a process of its own: `p3do serve`, started, heard, ended. docs/operating.md#playground */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Deed } from '../mor/deeds.ts';
import { TownError } from './errors.ts';
import { townLimits } from './limits.ts';

/** What a life is made of. */
export interface LifeOptions {
  readonly domain: string;
  /** The domain's folder; the server's log goes into the file `log` there. */
  readonly folder: string;
  /** The command's file, for Node. */
  readonly command: string;
  /** Told what becomes of each onion there. */
  readonly watched?: (deed: Deed) => void;
  /** Onions wait for no clock there. */
  readonly unsafe?: boolean;
}

/** A server that was started. */
export class Life {
  readonly #options: LifeOptions;
  readonly #child: ChildProcess;
  /** Resolves when it takes circuits. Rejects with TownError `_town_unstarted` when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when the process is gone, with how it ended, for people. */
  readonly over: Promise<string>;

  private constructor(options: LifeOptions, child: ChildProcess) {
    this.#options = options;
    this.#child = child;
    this.over = new Promise((resolve) => {
      child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : signal));
      child.once('error', (error) => resolve(error.message));
    });
    const { watched } = options;
    if (watched !== undefined) child.on('message', (said) => watched(said as Deed));
    this.ready = this.#heard();
    // Whoever never asks is told by `over`.
    this.ready.catch(() => {});
  }

  /** Starts it. System errors pass. */
  static async start(options: LifeOptions): Promise<Life> {
    const log = await open(join(options.folder, 'log'), 'a', 0o600);
    try {
      return new Life(options, spawned(options, log));
    } finally {
      await log.close();
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Ends it in order; one that does not end is killed. Its database is then left. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), townLimits.endMsMax);
    await this.over;
    clearTimeout(timer);
  }

  /** Ends it without a warning, as an attacker or a power failure does. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.over;
  }

  async #heard(): Promise<void> {
    const lines = createInterface({ input: this.#child.stdout! });
    const [first] = (await Promise.race([once(lines, 'line'), once(lines, 'close')])) as [string?];
    const said = first === undefined ? {} : (JSON.parse(first) as { ready?: boolean; text?: string });
    // What it says later nobody reads; unread it would wait for ever.
    this.#child.stdout!.resume();
    if (said.ready === true) return;
    const { domain, folder } = this.#options;
    const why = said.text ?? `${await this.over}; its log is ${join(folder, 'log')}`;
    throw new TownError('_town_unstarted', `the server of ${domain} does not start: ${why}`);
  }
}

function spawned({ folder, command, watched, unsafe = false }: LifeOptions, log: FileHandle): ChildProcess {
  // A server is told all by its folder: this shell's own database or home is none of its business.
  const { DATABASE_URL: _url, P3DO_HOME: _home, ...env } = process.env;
  const told = watched === undefined ? [] : ['--playground', ...(unsafe ? ['--unsafe'] : [])];
  return spawn(process.execPath, [command, 'serve', '--json', '--folder', folder, ...told], {
    // By the channel it knows that we are gone, however we went.
    stdio: ['ignore', 'pipe', log.fd, 'ipc'],
    // Ctrl-C in the terminal is for us: we end it in order.
    detached: true,
    env,
  });
}
