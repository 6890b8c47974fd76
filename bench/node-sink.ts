/** The least that a server with neighbours can do: TLS, and one X25519 in a thread for each cell that is its own. Child of node.ts. */
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:tls';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { selfSigned } from '../server/transport/certificate.ts';
import { acceptingTls } from '../server/transport/tls.ts';
import { suite } from '../server/suite.ts';

const THREADS = 2;
const HANDSHAKE_MS_MAX = 10_000;

if (isMainThread) {
  const [frameBytes, ownShare] = process.argv.slice(2).map(Number) as [number, number];
  const threads = Array.from({ length: THREADS }, () => new Worker(fileURLToPath(import.meta.url)));
  let [bytes, given, answered] = [0, 0, 0];
  for (const thread of threads) thread.on('message', () => answered++);
  const point = suite.x25519PublicKey(suite.random(32));
  const server = createServer(acceptingTls(selfSigned('localhost', Date.now()), HANDSHAKE_MS_MAX));
  server.on('secureConnection', (socket) => {
    socket.on('error', () => {});
    socket.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      for (const due = Math.floor(bytes / frameBytes / ownShare); given < due; given++) {
        threads[given % THREADS]!.postMessage(point);
      }
    });
  });
  server.listen(0, '127.0.0.1', () => process.send!((server.address() as AddressInfo).port));
  process.on('message', () => process.send!({ heard: Math.floor(bytes / frameBytes), answered }));
  process.on('disconnect', () => process.exit());
} else {
  const secret = suite.random(32);
  parentPort!.on('message', (point: Uint8Array) => parentPort!.postMessage(suite.x25519(secret, point)));
}
