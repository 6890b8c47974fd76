/** How many people log in on one server in a second? The whole server, beside TLS connections to nothing, in the same run. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { extname } from 'node:path';
import { createServer } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { selfSigned } from '../server/transport/certificate.ts';
import { acceptingTls, ALPN_PSYC } from '../server/transport/tls.ts';
import type { LoginsOrder } from './logins-load.ts';
import { median } from './measure.ts';

const ROUNDS = 5;
const ROUND_MS = 1_000;
const HANDSHAKE_MS_MAX = 10_000;
const child = (file: string): ChildProcess =>
  fork(fileURLToPath(new URL(file + extname(import.meta.url), import.meta.url)));

/** The rival: says nothing, and takes whoever comes. */
const bare = createServer({
  ...acceptingTls(selfSigned('localhost', Date.now()), HANDSHAKE_MS_MAX),
  ALPNProtocols: [ALPN_PSYC],
});
bare.on('secureConnection', (socket) => socket.on('error', () => {}).resume());
bare.listen(0, '127.0.0.1');
await once(bare, 'listening');
const barePort = (bare.address() as AddressInfo).port;

const server = child('./acks-server');
const [port] = (await once(server, 'message')) as [number];
const load = child('./logins-load');
const rate = async (order: LoginsOrder): Promise<number> => {
  load.send(order);
  const [answer] = (await once(load, 'message')) as [number];
  return answer;
};

process.stdout.write(`Node ${process.version}, embedded PostgreSQL, ${ROUNDS} interleaved rounds of ${ROUND_MS} ms, medians; clients on the same cores.
A login is a connection, both proofs over TLS, and the answer that lets the device in; a registration makes a person first, durably.

| at once | registrations/s | logins/s | bare TLS connections/s | logins to bare |
| ------: | --------------: | -------: | ---------------------: | -------------: |
`);
for (const people of [1, 16]) {
  const samples: [number[], number[], number[]] = [[], [], []];
  for (let round = -1; round < ROUNDS; round++) {
    const figures = [
      await rate({ kind: 'register', port, people, ms: ROUND_MS }),
      await rate({ kind: 'log in', port, people, ms: ROUND_MS }),
      await rate({ kind: 'connect', port: barePort, people, ms: ROUND_MS }),
    ] as const;
    if (round >= 0) for (const at of [0, 1, 2] as const) samples[at].push(figures[at]);
  }
  const [registrations, logins, connections] = samples.map(median) as [number, number, number];
  const cells = [people, registrations.toFixed(0), logins.toFixed(0), connections.toFixed(0)];
  process.stdout.write(`| ${cells.join(' | ')} | ${(logins / connections).toFixed(2)} |\n`);
}
load.disconnect();
server.disconnect();
bare.close();
