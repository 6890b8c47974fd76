/** A domain that the real command serves, on an address of its own: to be killed, started again, and read afterwards. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, type ClientConfig } from 'pg';
import { hexOf } from '../../crypto/bytes.ts';
import { quickstart } from '../../server/domain/quickstart.ts';
import type { Endpoint } from '../../server/transport/resolve.ts';
import type { Undoing } from '../undoing.ts';
import { freePort } from './free-port.ts';

/** The command, built; a benchmark is built itself, beside it. */
const built = import.meta.url.endsWith('.js') ? '../../cli/main.js' : '../../dist/cli/main.js';
export const command = fileURLToPath(new URL(built, import.meta.url));

/** A folder that any user may pass through: as root, PostgreSQL is another one. */
export async function passableFolder(undoing: Undoing): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'p3do-served-'));
  undoing.add(async () => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o711);
  return folder;
}

/**
 * A port that stays free while its server is dead: connections of other programs come from 127.0.0.1, and take no port of
 * another address.
 */
export async function freeEndpoint(): Promise<Endpoint> {
  const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
  return { host, port: await freePort(host) };
}

/** Processes at work in a folder, as those of a postgres are in their data. */
async function workersIn(folder: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return pids.filter((_, at) => places[at] === folder).map(Number);
}

function killAtOnce(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** What may be different about a domain. */
export interface ServedOptions {
  readonly endpoint?: Endpoint;
  readonly peers?: ReadonlyMap<string, Endpoint>;
  /** Fingerprints of other domains' keys, as an admin writes them down who knows them. */
  readonly pins?: ReadonlyMap<string, Uint8Array>;
  /** Where the domain is; made if it is not there. */
  readonly folder?: string;
  /** URL of a PostgreSQL; without, the domain has one of its own. */
  readonly database?: string;
  /** The folder of PostgreSQL's programs. */
  readonly programs?: string;
  /** Everything is forgotten when it stops. */
  readonly memory?: true;
  readonly logLevel?: 'debug';
  /** When its keys were made, Unix seconds. */
  readonly now?: number;
  /** Further keys of the configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Node's own flags. */
  readonly flags?: readonly string[];
  /** What its environment has beside the test's. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One domain, over as many lives as a test gives it. */
export class Served {
  readonly folder: string;
  readonly domain: string;
  readonly endpoint: Endpoint;
  /** All lines of its log, of all lives. */
  readonly log: string[] = [];
  /** How lives ended that nobody had ended. */
  readonly endings: string[] = [];
  #child: ChildProcess | null = null;
  /** Resolves when its last words are heard. */
  #silent: Promise<unknown> = Promise.resolve();
  #ready: Promise<void> = Promise.resolve();
  #isUp = false;
  #upAgain: (() => void)[] = [];
  readonly #readers = new Set<() => void>();
  readonly #flags: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  private constructor(folder: string, domain: string, endpoint: Endpoint, { flags = [], env = {} }: ServedOptions) {
    this.#flags = flags;
    this.#env = env;
    this.folder = folder;
    this.domain = domain;
    this.endpoint = endpoint;
  }

  /** Makes the domain, and starts nothing. Whatever lives of it is ended afterwards. */
  static async make(undoing: Undoing, domain: string, options: ServedOptions = {}): Promise<Served> {
    const folder = options.folder ?? join(await passableFolder(undoing), domain);
    const endpoint = options.endpoint ?? (await freeEndpoint());
    const { host, port } = endpoint;
    const { peers = new Map<string, Endpoint>(), pins = new Map<string, Uint8Array>() } = options;
    const { database, programs, memory, logLevel, config: more } = options;
    const made = await quickstart(folder, {
      domain,
      now: options.now ?? Math.floor(Date.now() / 1000),
      hosts: [host],
      port,
      peers,
      ...(database === undefined ? {} : { database }),
    });
    const config = JSON.parse(await readFile(made.config, 'utf8')) as { store: object; peers?: Record<string, object> };
    const store = memory === undefined ? { ...config.store, programs } : { memory };
    const log = { level: logLevel ?? 'info' };
    const known = { ...config.peers };
    for (const [name, fingerprint] of pins) known[name] = { ...known[name], fingerprint: hexOf(fingerprint) };
    await writeFile(made.config, JSON.stringify({ ...config, store, log, peers: known, ...more }));
    const served = new Served(folder, domain, endpoint, options);
    undoing.add(async () => {
      await served.kill();
      await served.killDatabase();
    });
    return served;
  }

  /** Begins a life. */
  start(): void {
    // A server is told all by its folder: the test's own database or home is none of its business.
    const { DATABASE_URL: _url, P3DO_HOME: _home, ...environment } = process.env;
    const child = spawn(process.execPath, [...this.#flags, command, 'serve', '--json', '--folder', this.folder], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...environment, ...this.#env },
    });
    this.#child = child;
    const lines = createInterface({ input: child.stderr });
    this.#silent = once(lines, 'close');
    lines.on('line', (line) => {
      this.log.push(line);
      for (const read of [...this.#readers]) read();
    });
    child.once('exit', (code) => {
      if (this.#child === child) this.endings.push(`ended by itself with ${code}: ${this.log.slice(-3).join('; ')}`);
    });
    this.#ready = new Promise((ready, failed) => {
      const said = createInterface({ input: child.stdout });
      said.once('line', () => {
        ready();
        if (this.#child !== child) return;
        this.#isUp = true;
        for (const go of this.#upAgain.splice(0)) go();
      });
      said.once('close', () => failed(new Error(`${this.domain} ended: ${this.log.slice(-3).join('\n')}`)));
    });
    this.#ready.catch(() => {});
  }

  /** Of the server's process in this life. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when it takes circuits; rejects when it ends before. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Resolves when this life or a later one takes circuits. */
  up(): Promise<void> {
    return this.#isUp ? Promise.resolve() : new Promise((go) => this.#upAgain.push(go));
  }

  /** Resolves with the first line of the log, from the line `from` on, for which this holds. */
  logged(holds: (line: string) => boolean, from = 0): Promise<string> {
    return new Promise((resolve) => {
      let at = from;
      const read = (): void => {
        while (at < this.log.length) {
          const line = this.log[at++]!;
          if (!holds(line)) continue;
          this.#readers.delete(read);
          resolve(line);
          return;
        }
      };
      this.#readers.add(read);
      read();
    });
  }

  /** Resolves when it has ended by itself. */
  get over(): Promise<unknown> {
    return this.#silent;
  }

  /** Ends it without a warning. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  /** Ends it in order. */
  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  /** Ends it and every process of its database in one moment: what is under way between them is lost. */
  async killTogether(): Promise<void> {
    const pids = await workersIn(this.data);
    const gone = this.kill();
    for (const pid of pids) killAtOnce(pid);
    await gone;
    // Who was born meanwhile.
    await this.killDatabase();
  }

  /** Where the embedded database's data is. */
  get data(): string {
    return join(this.folder, 'postgres', 'data');
  }

  /** How to reach the embedded database. */
  get connection(): ClientConfig {
    return { host: join(this.folder, 'postgres', 'socket'), port: 5432, user: 'p3do', database: 'postgres' };
  }

  /** Ends every process of the embedded database without a warning, its postmaster and all that it has started. */
  async killDatabase(): Promise<void> {
    for (let pids = await workersIn(this.data); pids.length > 0; pids = await workersIn(this.data)) {
      for (const pid of pids) killAtOnce(pid);
    }
  }

  /** Every packet of a log, in order, as the database has it; its sequence is its place, from 1. */
  async packetsOf(context: string, connection: ClientConfig = this.connection): Promise<Buffer[]> {
    const client = new Client(connection);
    await client.connect();
    try {
      const { rows } = await client.query<{ sequence: string; packet: Buffer }>(
        `SELECT r.sequence, r.packet FROM p3do.rows AS r JOIN p3do.contexts AS c ON c.id = r.context
          WHERE c.name = $1 ORDER BY r.sequence`,
        [Buffer.from(context)],
      );
      rows.forEach(({ sequence }, at) => {
        if (Number(sequence) !== at + 1) throw new Error(`row ${sequence} of ${context} stands at ${at + 1}`);
      });
      return rows.map(({ packet }) => packet);
    } finally {
      await client.end();
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    this.#isUp = false;
    if (child === null) return;
    if (child.exitCode === null && child.signalCode === null) {
      const exit = once(child, 'exit');
      child.kill(signal);
      await exit;
    }
    await this.#silent;
  }
}
