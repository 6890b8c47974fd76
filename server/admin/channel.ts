/** The admin's way to a running server: a socket in the domain's folder that only its user may open, one question in JSON, one answer. docs/operating.md#other-domains */
import { once } from 'node:events';
import { chmod, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AdminAnswer, AdminQuestion } from '../../federation/admin-questions.ts';
import { AdminError } from './errors.ts';
import { adminLimits } from './limits.ts';
import { questionIn } from './questions.ts';

const { lineBytesMax, askedMax, askedMsMax, socketPathBytesMax } = adminLimits;

/** Where it is. */
export const adminSocket = (folder: string): string => join(folder, 'admin.sock');

/** The server's end. */
export class AdminChannel {
  readonly #server: Server;
  readonly #path: string;

  private constructor(server: Server, path: string) {
    this.#server = server;
    this.#path = path;
  }

  /** Listens; null where the folder's path is too long for a socket, which is logged. Whoever started the server holds its store: what is there is left over. */
  static async open(
    folder: string,
    ask: (question: AdminQuestion) => Promise<AdminAnswer | null>,
    log: Logger,
  ): Promise<AdminChannel | null> {
    const path = adminSocket(folder);
    if (Buffer.byteLength(path) > socketPathBytesMax) {
      log.warn('the path of the domain’s folder is too long for a socket: p3do federate will not reach this server');
      return null;
    }
    await rm(path, { force: true });
    const server = createServer({ allowHalfOpen: true }, (socket) => void serve(socket, ask));
    server.maxConnections = askedMax;
    // Nobody else may open it for a moment either.
    const before = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(before);
    }
    await once(server, 'listening');
    await chmod(path, 0o600);
    return new AdminChannel(server, path);
  }

  async close(): Promise<void> {
    this.#server.close();
    await rm(this.#path, { force: true });
  }
}

async function serve(socket: Socket, ask: (question: AdminQuestion) => Promise<AdminAnswer | null>): Promise<void> {
  socket.on('error', () => {});
  socket.setTimeout(askedMsMax, () => socket.destroy());
  const line = await lineOf(socket);
  const question = line === null ? null : questionIn(line);
  const answer = question === null ? null : await ask(question);
  socket.end(`${JSON.stringify(answer ?? { kind: 'refused', code: '_admin_refused' })}\n`);
}

/** Throws AdminError `_admin_running` where a server of the domain in this folder runs already: a second one must not take its place. */
export async function checkNotRunning(folder: string): Promise<void> {
  const socket = connect(adminSocket(folder));
  try {
    await once(socket, 'connect');
  } catch {
    return;
  } finally {
    socket.destroy();
  }
  throw new AdminError(
    '_admin_running',
    `the server of ${folder} runs already, in another process: p3do federate list asks it`,
  );
}

/** Asks the server of the domain in this folder. Rejects with AdminError `_admin_not_running`, `_admin_late`, or the code of a refusal. */
export async function askServer(folder: string, question: AdminQuestion): Promise<AdminAnswer> {
  const socket = connect(adminSocket(folder));
  try {
    await once(socket, 'connect').catch(() => {
      throw new AdminError('_admin_not_running', 'the domain’s server does not run, or this user may not ask it');
    });
    socket.on('error', () => {});
    socket.setTimeout(askedMsMax, () => socket.destroy());
    socket.write(`${JSON.stringify(question)}\n`);
    const line = await lineOf(socket);
    if (line === null) throw new AdminError('_admin_late', 'the server does not answer');
    const answer = JSON.parse(line) as AdminAnswer;
    if (answer.kind === 'refused') throw new AdminError(answer.code, 'the server says no');
    return answer;
  } finally {
    socket.destroy();
  }
}

/** The first line that comes; null: none, or more than may be. */
async function lineOf(socket: Socket): Promise<string | null> {
  let bytes = Buffer.alloc(0);
  try {
    for await (const chunk of socket.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes = Buffer.concat([bytes, chunk]);
      const end = bytes.indexOf(10);
      if (end !== -1) return bytes.toString('utf8', 0, end);
      if (bytes.length > lineBytesMax) return null;
    }
  } catch {
    // It broke: then there is no line.
  }
  return null;
}
