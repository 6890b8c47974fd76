/** kill -9 of server, database or both, at any moment under load: every acknowledged row is there, in order, once. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chown, readFile, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from '@jest/globals';
import type { Store } from '../../../store/store.ts';
import { debian, needsDebian, needsNpm, needsRoot, npm, opened, supervised, temporaryFolder } from './clusters.ts';
import { Undoing } from '../../undoing.ts';

const script = join(dirname(fileURLToPath(import.meta.url)), '../../../dist/test/server/postgres/writing.js');

const undoing = new Undoing();
afterEach(async () => undoing.run());

/** Lives of one test. */
const LIVES = 10;

/** Who the ordinary user is when we are root. */
const nobody = { uid: 65534, gid: 65534 };

/** A number below `below` that is another on every run; a failing test prints nothing that it could be repeated with. */
const chance = (below: number): number => Math.floor(Math.random() * below);

/** One life of the writing process. */
class Life {
  readonly child: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #acknowledged: Map<string, number>;
  postgres = 0;

  constructor(folder: string, programs: string, life: string, acknowledged: Map<string, number>, user: object) {
    this.child = spawn(process.execPath, [script, folder, programs, life], {
      stdio: ['ignore', 'pipe', 'inherit'],
      ...user,
    });
    this.#lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
    this.#acknowledged = acknowledged;
    undoing.add(async () => this.kill());
  }

  /** Waits for so many acknowledgements. */
  async hear(count: number): Promise<void> {
    for (let heard = 0; heard < count; ) {
      const line = await this.#lines.next();
      if (line.done === true) throw new Error('the writing process ended');
      if (this.#take(line.value)) heard++;
    }
  }

  /** Ends it without a warning, and hears what it had said. */
  async kill(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const exit = once(this.child, 'exit');
      this.child.kill('SIGKILL');
      await exit;
    }
    for (;;) {
      const line = await this.#lines.next();
      if (line.done === true) return;
      this.#take(line.value);
    }
  }

  #take(line: string): boolean {
    const [first = '', ...rest] = line.split(' ');
    if (first === 'postgres') {
      this.postgres = Number(rest[0]);
      return false;
    }
    // The last line of the killed may be half of one.
    if (rest.length !== 3) return false;
    this.#acknowledged.set(rest.join(' '), Number(first));
    return true;
  }
}

/** Ids in the log, in order. */
async function idsOf(store: Store): Promise<string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = await store.perform({ kind: 'read', request: 0, context: 'hall', after: ids.length, rowsMax: 512 });
    if (page.kind !== 'rows') throw new Error(`the log cannot be read: ${page.kind}`);
    if (page.rows.length === 0) return ids;
    for (const { sequence, id } of page.rows) {
      ids.push(Buffer.from(id).toString());
      expect(sequence).toBe(ids.length);
    }
  }
}

/** What was acknowledged is where it was said to be, and nothing is there twice. */
async function verify(store: Store, acknowledged: ReadonlyMap<string, number>): Promise<void> {
  const ids = await idsOf(store);
  expect(new Set(ids).size).toBe(ids.length);
  for (const [id, sequence] of acknowledged) expect(ids[sequence - 1]).toBe(id);
  // Each writer's rows lie in the order in which it wrote them.
  const newest = new Map<string, number>();
  for (const id of ids) {
    const at = id.lastIndexOf(' ');
    const number = Number(id.slice(at + 1));
    expect(number).toBe((newest.get(id.slice(0, at)) ?? -1) + 1);
    newest.set(id.slice(0, at), number);
  }
}

/** Ends a postgres that a killed server left, if it is there. */
async function quitPostgres(folder: string): Promise<void> {
  const text = await readFile(join(folder, 'data', 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(text, 10);
  const isOurs = async (): Promise<boolean> =>
    stat(`/proc/${pid}/cwd/PG_VERSION`).then(
      ({ ino }) => stat(join(folder, 'data', 'PG_VERSION')).then((own) => own.ino === ino),
      () => false,
    );
  if (!(pid > 0) || !(await isOurs())) return;
  process.kill(pid, 'SIGQUIT');
  while (await isOurs());
}

async function clusterFolder(user: { uid?: number; gid?: number }): Promise<string> {
  const folder = await temporaryFolder(undoing);
  if (user.uid !== undefined && user.gid !== undefined) await chown(folder, user.uid, user.gid);
  undoing.add(async () => quitPostgres(folder));
  return folder;
}

async function killServers(programs: string, user: { uid?: number; gid?: number }): Promise<void> {
  const folder = await clusterFolder(user);
  const acknowledged = new Map<string, number>();
  const pids = new Set<number>();
  for (let life = 0; life < LIVES; life++) {
    const server = new Life(folder, programs, `life-${life}`, acknowledged, user);
    await server.hear(1 + chance(300));
    pids.add(server.postgres);
    if (life % 3 === 2) process.kill(server.postgres, 'SIGKILL');
    await server.kill();
  }
  // Of ten servers, three took their postgres along; the others found the one that was running.
  expect(pids.size).toBe(4);
  const last = new Life(folder, programs, 'last', acknowledged, user);
  await last.hear(1);
  await last.kill();
  if (user.uid === undefined) {
    const { connection } = await supervised(undoing, { folder, programs });
    await verify(await opened(undoing, connection), acknowledged);
    return;
  }
  // What ran as another user is read through the socket that it left.
  await verify(
    await opened(undoing, { host: join(folder, 'socket'), port: 5432, user: 'p3do', database: 'postgres' }),
    acknowledged,
  );
}

async function killDatabases(programs: string): Promise<void> {
  const folder = await clusterFolder({});
  const acknowledged = new Map<string, number>();
  const server = new Life(folder, programs, 'only', acknowledged, {});
  const pids = new Set<number>();
  for (let death = 0; death < LIVES; death++) {
    // What was acknowledged before the death is heard as well: wait for a new process, then for a row.
    while (pids.has(server.postgres) || server.postgres === 0) await server.hear(1);
    pids.add(server.postgres);
    await server.hear(1 + chance(100));
    process.kill(server.postgres, 'SIGKILL');
  }
  while (pids.has(server.postgres)) await server.hear(1);
  await server.kill();
  const { connection } = await supervised(undoing, { folder, programs });
  await verify(await opened(undoing, connection), acknowledged);
}

needsDebian('PostgreSQL 15', () => {
  test('the server dies, alone and together with postgres', async () => killServers(debian, {}));
  test('postgres dies', async () => killDatabases(debian));
});
needsNpm('PostgreSQL 18', () => {
  needsRoot('as an ordinary user', () => {
    test('the server dies, alone and together with postgres', async () => killServers(npm, nobody));
  });
  test('postgres dies', async () => killDatabases(npm));
});
