/** The whole server on a PostgreSQL of its own, and the bare loop on the same PostgreSQL. Child of acks.ts. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { pino } from 'pino';
import { loadDomain } from '../server/domain/load.ts';
import { quickstart } from '../server/domain/quickstart.ts';
import { Supervisor } from '../server/postgres/supervisor.ts';
import { Server } from '../server/server.ts';
import { suite } from '../server/suite.ts';
import { bare, makeTable, rate, type Write } from './bare.ts';

const folder = mkdtempSync(join(tmpdir(), 'p3do-bench-'));
chmodSync(folder, 0o711);
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const host = '127.0.0.1';
await quickstart(folder, { domain: 'localhost', now: Math.floor(Date.now() / 1000), hosts: [host] });
const supervisor = await Supervisor.start({ folder: join(folder, 'shared') });
const { host: socket, port, user, database } = supervisor.connection;
const url = `postgres://${user}@localhost:${port}/${database}?host=${encodeURIComponent(socket ?? '')}`;
const domain = await loadDomain(folder);
const config = {
  ...domain.config,
  listen: { hosts: [host], port: 0 },
  store: { kind: 'database', url, from: 'config.json' },
} as const;
const server = await Server.start(
  { ...domain, config },
  { log: pino({ level: 'silent' }), crashed: () => process.exit(1) },
);
const client = new Client({ ...supervisor.connection, pipeline: true });
await client.connect();
await makeTable(client);
const write = bare(client);

/** The bare loop that checks each row's signature as well, which is the least that a server must do. */
const seed = suite.random(32);
const signed = new Uint8Array(1024);
const key = suite.ed25519PublicKey(seed);
const signature = suite.ed25519Sign(signed, seed);
const checked: Write = (row) => {
  if (!suite.ed25519Verify(signature, signed, key)) throw new Error('a signature of ours is wrong');
  return write(row);
};

interface Order {
  readonly isChecked: boolean;
  readonly publishers: number;
  readonly window: number;
  readonly ms: number;
}

process.on('message', ({ isChecked, publishers, window, ms }: Order) => {
  void rate(isChecked ? checked : write, publishers, window, ms).then((answer) => process.send!(answer));
});
process.on('disconnect', () => {
  void (async () => {
    await client.end();
    await server.stop();
    await supervisor.stop();
    process.exit();
  })();
});
process.send!(Number(server.addresses[0]!.split(':').at(-1)));
