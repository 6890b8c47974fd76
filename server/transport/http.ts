/** HTTP on the TLS port: WebSocket at one path with one subprotocol, and short answers to everything else. docs/spec/transport.md#http */
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Socket } from 'node:net';
import { type ServerOptions, WebSocketServer } from 'ws';
import type { Shell } from './outlet.ts';
import type { ByteStream, Channel } from './stream.ts';
import { WebSocketStream } from './websocket-stream.ts';

/** Where circuits are, and what they are called (RFC 6455 section 1.9). */
const WEBSOCKET_PATH = '/psyc';
const SUBPROTOCOL = 'psyc';

const UPGRADE_HERE = `A PSYC server: open a WebSocket at ${WEBSOCKET_PATH} with the subprotocol ${SUBPROTOCOL}.\n`;

/** A whole answer, after which the connection ends (RFC 9112). `headers`: further lines. */
export function answer(status: number, text: string, headers: readonly string[] = []): string {
  return [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`,
    'Connection: close',
    'Content-Type: text/plain; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(text)}`,
    ...headers,
    '',
    text,
  ].join('\r\n');
}

/** Answers a request that is no upgrade, and says so; false: it is not his. */
export type Answering = (request: IncomingMessage, response: ServerResponse) => boolean;

/** Who hears of what came. */
interface HttpOwner {
  /** What is known of the connection that an upgrade came over. */
  channelOf(socket: Socket): Pick<Channel, 'domain' | 'exportKey'>;
  /** Whether there is room for the upgrade; else the connection ends. */
  admit(request: IncomingMessage, socket: Socket): boolean;
  accept(stream: ByteStream, socket: Socket): void;
  readonly requested?: Answering | undefined;
  /** A request was answered with an error; `reason` is for the log. */
  refused(reason: string): void;
}

/** Takes sockets by `emit('connection', socket)`, and gives WebSocket streams. It never listens. */
export function httpFor(shell: Shell, owner: HttpOwner): Server {
  const { limits } = shell;
  const options: ServerOptions & { closeTimeout: number; maxPendingAutoPongs: number } = {
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    handleProtocols: () => SUBPROTOCOL,
    maxPayload: limits.messageBytesMax,
    maxFragments: limits.messageFragmentsMax,
    maxBufferedChunks: limits.messageChunksMax,
    maxPendingAutoPongs: limits.pongsMax,
    closeTimeout: limits.closingMsMax,
  };
  const websockets = new WebSocketServer(options);
  const server = createServer({ maxHeaderSize: limits.httpHeadBytesMax, keepAlive: false }, (request, response) => {
    if (owner.requested?.(request, response) === true) return;
    owner.refused('no upgrade');
    const [status, text] = pathOf(request) === WEBSOCKET_PATH ? [426, UPGRADE_HERE] : [404, UPGRADE_HERE];
    response.writeHead(status, {
      Connection: status === 426 ? 'close, Upgrade' : 'close',
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': Buffer.byteLength(text),
      ...(status === 426 ? { Upgrade: 'websocket' } : {}),
    });
    response.end(request.method === 'HEAD' ? undefined : text);
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
    owner.refused(error.message);
    const status = error.code === 'HPE_HEADER_OVERFLOW' ? 431 : 400;
    if (socket.writable) socket.end(answer(status, 'No request that this port understands.\n')).resume();
    else socket.destroy();
  });
  websockets.on('wsClientError', (error, socket) => {
    owner.refused(error.message);
    socket.end(answer(400, `${error.message}.\n`, ['Sec-WebSocket-Version: 13']));
  });
  server.on('upgrade', (request, duplex: Duplex, head: Buffer) => {
    const refusal = refusalOf(request);
    if (refusal !== null) {
      owner.refused('not our path or subprotocol');
      // Until ws takes the socket over nobody else hears its errors.
      duplex.on('error', () => duplex.destroy());
      duplex.end(refusal);
      return;
    }
    const socket = duplex as Socket;
    if (!owner.admit(request, socket)) {
      socket.destroy();
      return;
    }
    websockets.handleUpgrade(request, socket, head, (websocket) => {
      const { domain, exportKey } = owner.channelOf(socket);
      const origin = request.headers.origin ?? null;
      const channel = { kind: 'websocket', accepted: true, domain, origin, exportKey } as const;
      owner.accept(new WebSocketStream(websocket, socket, channel, shell), socket);
    });
  });
  return server;
}

const pathOf = ({ url = '' }: IncomingMessage): string => url.split('?', 1)[0]!;

/** The answer to an upgrade that is none of ours; null: `ws` is to judge it. */
function refusalOf(request: IncomingMessage): string | null {
  if (pathOf(request) !== WEBSOCKET_PATH) return answer(404, UPGRADE_HERE);
  const asked = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  if (asked.includes(SUBPROTOCOL)) return null;
  return answer(400, `The subprotocol must be ${SUBPROTOCOL}.\n`, [`Sec-WebSocket-Protocol: ${SUBPROTOCOL}`]);
}
