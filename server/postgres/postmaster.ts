/** One life of a postgres process: found by its postmaster.pid or started, until it is stopped or gone. docs/spec/federation.md#store */
import { spawn } from 'node:child_process';
import { readdir, readFile, readlink, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type Cluster, PORT } from './cluster.ts';
import { StoreStartError } from './errors.ts';

/** Milliseconds: how often the pid file and a process that is not our child are looked at, and how long a start may take. */
const LOOK_MS = 10;
const WATCH_MS = 200;
const START_MS_MAX = 120_000;
const BURIAL_LOOKS_MAX = 20;

/** Bytes of postgres's complaints that are kept for the error message. */
const COMPLAINT_BYTES_MAX = 4096;

/** Said on the command line, where no file in the data folder overrules it. */
const settings = (cluster: Cluster): string[] =>
  Object.entries({
    listen_addresses: '',
    unix_socket_directories: cluster.socket,
    unix_socket_permissions: '0700',
    port: String(PORT),
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
    max_connections: '32',
    logging_collector: 'on',
    log_directory: join(cluster.data, 'log'),
    // Seven files, each begun anew after a week; terse, because details of an error hold names and rows.
    log_filename: 'postgres-%a.log',
    log_rotation_age: '1d',
    log_truncate_on_rotation: 'on',
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    log_statement: 'none',
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** A running postgres. */
export interface Postmaster {
  readonly pid: number;
  /** Resolves when the process is gone. */
  readonly gone: Promise<void>;
}

/** The pid that a lock file of postgres begins with; null if there is no such file. */
async function pidIn(path: string): Promise<number | null> {
  const pid = Number.parseInt(await readFile(path, 'utf8').catch(() => ''), 10);
  return pid > 0 ? pid : null;
}

/** The pid in a data folder's postmaster.pid, and whether that server says it is ready; null if there is no such file. */
async function pidFile(data: string): Promise<{ pid: number; isReady: boolean } | null> {
  const text = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const lines = text.split('\n');
  const pid = Number.parseInt(lines[0] ?? '', 10);
  // The eighth line is the status.
  return pid > 0 ? { pid, isReady: (lines[7] ?? '').startsWith('ready') } : null;
}

/** Whether any process has this number. */
function isTaken(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

/** Whether a process lives; one that ended and was not waited for does not. */
async function lives(pid: number): Promise<boolean> {
  if (!isTaken(pid)) return false;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) [ZX]/.test(stat);
}

/** Processes at work in a data folder: postgres enters it. Null where there is no /proc to tell. */
async function workersIn(data: string): Promise<Set<number> | null> {
  if (process.platform !== 'linux') return null;
  const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name));
  const places = await Promise.all(pids.map(async (pid) => readlink(`/proc/${pid}/cwd`).catch(() => '')));
  return new Set(pids.flatMap((pid, at) => (places[at] === data ? [Number(pid)] : [])));
}

/** Looks every `everyMs`; a watch that nobody waits for keeps no process from ending. */
async function untilGone(pid: number, everyMs: number, ref: boolean): Promise<void> {
  while (await lives(pid)) await pause(everyMs, undefined, { ref });
}

/** Waits for what a killed postgres left behind: its sessions end by themselves, and until then no other may start. */
async function untilIdle(data: string): Promise<void> {
  for (const pid of (await workersIn(data)) ?? []) await untilGone(pid, LOOK_MS, true);
}

/** The postgres that is at work in the data folder already, as after the death of its server; null if there is none. */
async function running({ data }: Pick<Cluster, 'data'>): Promise<Postmaster | null> {
  const file = await pidFile(data);
  if (file === null || !(await lives(file.pid))) return null;
  const workers = await workersIn(data);
  if (workers !== null && !workers.has(file.pid)) return null;
  return { pid: file.pid, gone: untilGone(file.pid, WATCH_MS, false) };
}

/**
 * Removes lock files whose number is now another program's, as in a container that was started again, or a dead process's
 * that nobody waited for: postgres would take either for itself. To be called when nothing is at work in the folder.
 */
async function removeStale({ data, socket }: Cluster): Promise<void> {
  for (const path of [join(data, 'postmaster.pid'), join(socket, `.s.PGSQL.${PORT}.lock`)]) {
    const pid = await pidIn(path);
    // The file also guards the memory that postgres's processes share: it may go only if none of them is left.
    if (pid !== null && isTaken(pid) && (await workersIn(data))?.size === 0) await rm(path, { force: true });
  }
}

async function started(cluster: Cluster): Promise<Postmaster> {
  const child = spawn(join(cluster.programs, 'postgres'), ['-D', cluster.data, ...settings(cluster)], {
    cwd: cluster.data,
    // A process group of its own: Ctrl-C in the terminal is for the server, who then stops it in order.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
    ...cluster.account,
  });
  child.unref();
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT_BYTES_MAX);
  });
  (child.stderr as unknown as { unref: () => void }).unref();
  let isGone = false;
  const gone = new Promise<void>((resolve) => {
    child.on('exit', () => resolve());
    child.on('error', (error) => {
      complaint = error.message;
      resolve();
    });
  }).then(() => {
    isGone = true;
  });
  const silent = new Promise<void>((resolve) => child.on('close', () => resolve()));
  const { pid = 0 } = child;
  for (let waitedMs = 0; ; waitedMs += LOOK_MS) {
    const file = await pidFile(cluster.data);
    if (file?.pid === pid && file.isReady) return { pid, gone };
    if (isGone || waitedMs > START_MS_MAX) break;
    await pause(LOOK_MS);
  }
  if (!isGone) child.kill('SIGQUIT');
  await silent;
  const said = complaint.trim().split('\n').slice(-4).join('; ');
  throw new StoreStartError('_store_no_start', `PostgreSQL does not start in ${cluster.data}, see log/ there: ${said}`);
}

/** The cluster's postgres, ready for connections: the one that runs, else a new one. Throws StoreStartError. */
export async function postmasterOf(cluster: Cluster): Promise<Postmaster> {
  const found = await running(cluster);
  if (found === null) {
    await untilIdle(cluster.data);
    await removeStale(cluster);
    return started(cluster);
  }
  for (let waitedMs = 0; waitedMs < START_MS_MAX; waitedMs += LOOK_MS) {
    if ((await pidFile(cluster.data))?.isReady === true) return found;
    if (!(await lives(found.pid))) return postmasterOf(cluster);
    await pause(LOOK_MS);
  }
  throw new StoreStartError('_store_no_start', `PostgreSQL, process ${found.pid}, does not become ready`);
}

/** Ends open sessions and writes everything down (a fast shutdown); resolves when the process is gone. */
export async function stop({ pid }: Postmaster): Promise<void> {
  try {
    process.kill(pid, 'SIGINT');
  } catch {
    // It is gone.
  }
  await untilGone(pid, LOOK_MS, true);
  // Our own child is buried by us: whoever ends at once would leave that to a machine's first process, which may be ours.
  for (let looks = 0; isTaken(pid) && looks < BURIAL_LOOKS_MAX; looks++) await pause(LOOK_MS);
}

/** Whether a postgres is at work in a data folder, as far as can be seen. */
export async function isAtWork(cluster: Cluster): Promise<boolean> {
  return (await running(cluster)) !== null;
}

/** Stops the postgres that a dead server has left in a data folder, and waits until nobody is at work there. */
export async function stopLeft(data: string): Promise<void> {
  const left = await running({ data });
  if (left !== null) await stop(left);
  await untilIdle(data);
}
