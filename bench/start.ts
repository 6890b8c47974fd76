/** How long from `p3do serve` to the line `ready`, on a store that exists, beside a bare postgres that answers SELECT 1? */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { Client, type ClientConfig } from 'pg';
import { quickstart } from '../server/domain/quickstart.ts';
import { accountFor } from '../server/postgres/account.ts';
import { findBinaries } from '../server/postgres/binaries.ts';
import { median } from './measure.ts';

const ROUNDS = 10;

/** Milliseconds that a start may take. */
const TARGET_MS = 1_000;

const command = fileURLToPath(new URL('../cli/main.js', import.meta.url));

/** An end in order: the database of the next start is neither running nor to be recovered. */
async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

/** Milliseconds from the call to the first line that it says. `profile`: where to leave a CPU profile. */
async function serve(folder: string, profile?: string): Promise<number> {
  const flags = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const begin = performance.now();
  const child = spawn(process.execPath, [...flags, command, 'serve', '--json', '--folder', folder], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  await once(createInterface({ input: child.stdout }), 'line');
  const took = performance.now() - begin;
  await ended(child, 'SIGTERM');
  return took;
}

/** Whether the database answers. */
async function answers(connection: ClientConfig): Promise<boolean> {
  const client = new Client(connection);
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('SELECT 1');
    return true;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => {});
  }
}

/** The same of the database alone, in this process, which has loaded everything already. */
async function bare(folder: string, programs: string): Promise<number> {
  const [data, socket] = [join(folder, 'postgres', 'data'), join(folder, 'postgres', 'socket')];
  const begin = performance.now();
  const child = spawn(
    join(programs, 'postgres'),
    ['-D', data, '-c', 'listen_addresses=', '-c', `unix_socket_directories=${socket}`],
    { stdio: 'ignore', cwd: data, ...(await accountFor()) },
  );
  while (!(await answers({ host: socket, port: 5432, user: 'p3do', database: 'postgres' })));
  const took = performance.now() - begin;
  await ended(child, 'SIGINT');
  return took;
}

/** What any program in JavaScript pays before its first line. */
async function node(): Promise<number> {
  const begin = performance.now();
  const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
  await once(child, 'exit');
  return performance.now() - begin;
}

const folder = await mkdtemp(join(tmpdir(), 'p3do-bench-'));
await chmod(folder, 0o711);
try {
  const made = await quickstart(folder, { domain: 'a.test', now: Math.floor(Date.now() / 1000), hosts: ['127.0.0.1'] });
  const config = JSON.parse(await readFile(made.config, 'utf8')) as { listen: object };
  await writeFile(made.config, JSON.stringify({ ...config, listen: { ...config.listen, port: 0 } }));
  // The first start makes the store, and is not measured.
  await serve(folder);
  const { folder: programs, major } = await findBinaries(undefined, null);
  const rivals: [string, () => Promise<number>][] = [
    ['p3do serve', () => serve(folder)],
    ['postgres', () => bare(folder, programs)],
    ['node', node],
  ];
  const samples = rivals.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [at, [, start]] of rivals.entries()) samples[at]!.push(await start());
  }
  const figures = samples.map((values) => ({ middle: median(values), least: Math.min(...values) }));
  process.stdout.write(
    `Node ${process.version}, PostgreSQL ${major}, ${ROUNDS} interleaved starts. Target ${TARGET_MS} ms.

| start | median ms | least ms |
| :---- | --------: | -------: |
${figures.map(({ middle, least }, at) => `| ${rivals[at]![0]} | ${middle.toFixed(0)}${at === 0 && middle > TARGET_MS ? ' !' : ''} | ${least.toFixed(0)} |`).join('\n')}
`,
  );
  const [profile] = process.argv.slice(2);
  if (profile !== undefined) await serve(folder, profile);
} finally {
  await rm(folder, { recursive: true, force: true });
}
