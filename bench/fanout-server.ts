/** One contender of the fan-out: our transport and circuits around a core of ten lines, or bare `ws`. Child of fanout.ts. */
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pino } from 'pino';
import { type WebSocket, WebSocketServer } from 'ws';
import { newCircuit } from '../circuit/circuit.ts';
import { circuitLimits } from '../circuit/limits.ts';
import { renderRouted } from '../psyc/render.ts';
import { selfSigned } from '../server/transport/certificate.ts';
import { transportLimits } from '../server/transport/limits.ts';
import { Listener } from '../server/transport/listen.ts';
import { type CircuitOwner, CircuitRunner } from '../server/transport/runner.ts';
import { systemTimers } from '../server/transport/timers.ts';
import { decodeUtf8 } from '../server/utf8.ts';

/** `p3do`; `frames`: ws, a frame a message, corked; `joined`: ws, all messages of a turn in one frame, made once. */
export type Kind = 'p3do' | 'frames' | 'joined';

/** What a contender tells when asked. */
export interface Standing {
  readonly cpuMicros: number;
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
      if (turn.length === 0) setImmediate(flush);
      turn.push(data);
    });
    websocket.on('close', () => void members.delete(websocket));
  });
  return new Promise((done) => void server.listen(0, host, () => done((server.address() as AddressInfo).port)));
}

const kind = process.argv[2] as Kind;
const port = await (kind === 'p3do' ? ours() : bare(kind));
process.on('message', (question: 'cpu' | 'memory') => {
  if (question === 'memory') globalThis.gc?.();
  const { user, system } = process.cpuUsage();
  const { rss, heapUsed, external } = process.memoryUsage();
  process.send!({ cpuMicros: user + system, rssBytes: rss, heapBytes: heapUsed + external } satisfies Standing);
});
process.on('disconnect', () => process.exit());
process.send!(port);
