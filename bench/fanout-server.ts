/** One contender of the fan-out: the whole server, our transport around a core of ten lines, or bare `ws`. Child of fanout.ts. */
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getHeapSpaceStatistics } from 'node:v8';
import { pino } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { newCircuit } from '../circuit/circuit.ts';
import { circuitLimits } from '../circuit/limits.ts';
import { renderRouted } from '../psyc/render.ts';
import { loadDomain } from '../server/domain/load.ts';
import { quickstart } from '../server/domain/quickstart.ts';
import { Server } from '../server/server.ts';
import { selfSigned } from '../server/transport/certificate.ts';
import { transportLimits } from '../server/transport/limits.ts';
import { Listener } from '../server/transport/listen.ts';
import { type CircuitOwner, CircuitRunner } from '../test/server/transport/runner.ts';
import { systemTimers } from '../server/transport/timers.ts';
import { gatherMs } from '../server/transport/write-turn.ts';
import { decodeUtf8 } from '../server/utf8.ts';

/**
 * `memory`, `postgres`: the whole server with its store; `transport`: TLS, WebSocket and circuits alone; `frames`: ws, a frame a
 * message, corked; `joined`: ws, all messages of a turn in one frame, made once.
 */
export type Kind = 'memory' | 'postgres' | 'transport' | 'frames' | 'joined';

/** What a contender tells when asked. */
export interface Standing {
  readonly cpuMicros: number;
  /** Without the engine's young generation, which grows with what goes on and not with who is there: by up to 48 MiB, once. */
  readonly rssBytes: number;
  readonly heapBytes: number;
}

const credentials = selfSigned('localhost', Date.now());
const host = '127.0.0.1';

/** Everybody is a member who says so, and everything else that comes goes to all of them. */
async function ours(): Promise<number> {
  const members = new Set<CircuitRunner>();
  const routing = { _context: 'psyc://localhost/@hall' };
  const owner: CircuitOwner = {
    ready: () => {},
    packet(circuit, packet) {
      if (packet.method === '_request_enter') {
        members.add(circuit);
        return;
      }
      const send = renderRouted(routing, packet.content, packet.hasLength);
      for (const member of members) member.send(send);
    },
    refused: () => {},
    closed: (circuit) => void members.delete(circuit),
  };
  const limits = { ...transportLimits, connectionsPerAddressMax: 10_000 };
  const options = { owner, timers: systemTimers, log: pino({ level: 'silent' }), limits };
  const listener = await Listener.open({
    ...options,
    hosts: [host],
    port: 0,
    credentials,
    accept: (stream) => new CircuitRunner(newCircuit(true, circuitLimits, decodeUtf8), options).carry(stream),
  });
  return listener.addresses[0]!.port;
}

/** A message that is shorter is a member who says so. */
const MESSAGE_BYTES_MIN = 512;

/** The same with bare ws: no packets, no limits, nothing kept; writes of one turn go out together. */
function bare(kind: Kind): Promise<number> {
  const members = new Set<WebSocket>();
  const server = createServer({ ...credentials, minVersion: 'TLSv1.3' });
  let turn: Buffer[] = [];
  const framed = (): void => {
    for (const member of members) {
      const { _socket: socket } = member as unknown as { _socket: { cork(): void; uncork(): void } };
      socket.cork();
      for (const message of turn) member.send(message);
      socket.uncork();
    }
    turn = [];
  };
  const joined = (): void => {
    const message = Buffer.concat(turn);
    for (const member of members) member.send(message);
    turn = [];
  };
  const flush = kind === 'frames' ? framed : joined;
  new WebSocketServer({ server, path: '/psyc', perMessageDeflate: false }).on('connection', (websocket) => {
    websocket.on('message', (data: Buffer) => {
      if (data.length < MESSAGE_BYTES_MIN) {
        members.add(websocket);
        return;
      }
      // It gathers as our transport does.
      if (turn.length === 0) setTimeout(flush, gatherMs(transportLimits, members.size));
      turn.push(data);
    });
    websocket.on('close', () => void members.delete(websocket));
  });
  return new Promise((done) => void server.listen(0, host, () => done((server.address() as AddressInfo).port)));
}

/** What `p3do quickstart` makes and `p3do serve` runs, but for the port and how many may come from one address. */
async function whole(kind: 'memory' | 'postgres'): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'p3do-bench-'));
  chmodSync(folder, 0o711);
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
  await quickstart(folder, { domain: 'localhost', now: Math.floor(Date.now() / 1000), hosts: [host] });
  const domain = await loadDomain(folder);
  const config = {
    ...domain.config,
    listen: { hosts: [host], port: 0 },
    limits: { connections: 10_000, connectionsPerAddress: 10_000 },
    ...(kind === 'memory' ? { store: { kind } } : {}),
  };
  const log = pino({ level: 'silent' });
  const server = await Server.start({ ...domain, config }, { log, crashed: () => process.exit(1) });
  stop = () => server.stop();
  return Number(server.addresses[0]!.split(':').at(-1));
}

/** CPU of all processes that descend from this one, in microseconds; Linux counts in hundredths of a second. */
function cpuOfDescendants(): number {
  const all = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const stats = all.flatMap((pid) => {
    try {
      const [, , ppid, ...fields] = readFileSync(`/proc/${pid}/stat`, 'latin1')
        .replace(/\(.*\)/, 'x')
        .split(' ');
      // utime, stime, cutime, cstime are fields 14 to 17 (proc(5)).
      const ticks = fields.slice(10, 14).reduce((sum, field) => sum + Number(field), 0);
      return [{ pid: Number(pid), ppid: Number(ppid), ticks }];
    } catch {
      // It is gone meanwhile.
      return [];
    }
  });
  const family = new Set([process.pid]);
  for (let size = 0; size < family.size; ) {
    size = family.size;
    for (const { pid, ppid } of stats) if (family.has(ppid)) family.add(pid);
  }
  family.delete(process.pid);
  return stats.reduce((sum, { pid, ticks }) => (family.has(pid) ? sum + ticks * 10_000 : sum), 0);
}

let stop: () => Promise<void> = async () => {};

const start = (kind: Kind): Promise<number> => {
  if (kind === 'memory' || kind === 'postgres') return whole(kind);
  return kind === 'transport' ? ours() : bare(kind);
};

const kind = process.argv[2] as Kind;
const port = await start(kind);
process.on('message', (question: 'cpu' | 'memory') => {
  if (question === 'memory') globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const cpuMicros = user + system + (kind === 'postgres' ? cpuOfDescendants() : 0);
  const young = getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')!.physical_space_size;
  process.send!({ cpuMicros, rssBytes: rss - young, heapBytes: heapUsed + external } satisfies Standing);
});
process.on('disconnect', () => void stop().finally(() => process.exit()));
process.send!(port);
