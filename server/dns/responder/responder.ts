/** Serves the domain's record on UDP and TCP, to whoever the zone above sends here. docs/spec/dns.md#responder */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net';
import type { Logger } from 'pino';
import { Admission } from '../../transport/admission.ts';
import type { Timers } from '../../transport/timers.ts';
import { dnsLimits } from '../limits.ts';
import { ReplyRate } from './rate.ts';
import { ZoneReplies } from './reply.ts';

/** Where to listen, and what to say. */
export interface ResponderOptions {
  readonly hosts: readonly string[];
  /** 0: any, the same for UDP and TCP, one of its own for each host. */
  readonly port: number;
  readonly replies: ZoneReplies;
  readonly timers: Timers;
  readonly log: Logger;
}

const { connectionsMax, connectionsPerAddressMax, questionsMax, questionBytesMax, idleMsMax } = dnsLimits;

/** An authoritative server for one name. */
export class Responder {
  readonly #options: ResponderOptions;
  readonly #rate = new ReplyRate();
  readonly #admission = new Admission({ connectionsMax, connectionsPerAddressMax });
  readonly #servers: Server[] = [];
  readonly #datagrams: Datagrams[] = [];

  private constructor(options: ResponderOptions) {
    this.#options = options;
  }

  /** Rejects with the system's error when an address is taken or not ours. */
  static async open(options: ResponderOptions): Promise<Responder> {
    const responder = new Responder(options);
    try {
      for (const host of options.hosts) await responder.#listen(host);
    } catch (error) {
      await responder.close();
      throw error;
    }
    return responder;
  }

  /** Where it listens, in the order of `hosts`. */
  get addresses(): AddressInfo[] {
    return this.#servers.map((server) => server.address() as AddressInfo);
  }

  /** Ends at once: every question is one of many that a resolver can ask. */
  async close(): Promise<void> {
    for (const socket of this.#admission.sockets) socket.destroy();
    const closed = this.#servers.map((server) => new Promise<void>((done) => void server.close(() => done())));
    const silent = this.#datagrams.map((socket) => new Promise<void>((done) => void socket.close(() => done())));
    await Promise.all([...closed, ...silent]);
  }

  async #listen(host: string): Promise<void> {
    const { log, port } = this.#options;
    const server = createServer({ noDelay: true }, (socket) => this.#connected(socket));
    server.listen({ host, port });
    await once(server, 'listening');
    this.#servers.push(server);
    server.on('error', (error) => log.warn({ reason: error.message }, 'DNS responder'));
    const socket = createSocket(isIPv6(host) ? 'udp6' : 'udp4');
    socket.bind((server.address() as AddressInfo).port, host);
    await once(socket, 'listening');
    this.#datagrams.push(socket);
    socket.on('error', (error) => log.warn({ reason: error.message }, 'DNS responder'));
    socket.on('message', (bytes, from) => this.#asked(socket, bytes, from.address, from.port));
  }

  #asked(socket: Datagrams, bytes: Buffer, address: string, port: number): void {
    const answer = this.#options.replies.answer(bytes, address, false);
    if (answer === null) return;
    const verdict = answer.isKnown ? 'send' : this.#rate.verdict(address, this.#options.timers.nowMs());
    if (verdict === 'drop') return;
    // What cannot be sent is asked again.
    socket.send(verdict === 'send' ? answer.bytes : ZoneReplies.truncated(bytes), port, address, () => {});
  }

  /** RFC 7766: several questions on one connection, each answered in turn. */
  #connected(socket: Socket): void {
    socket.on('error', () => {});
    if (!this.#admission.admit(socket)) {
      socket.destroy();
      return;
    }
    const { timers, replies } = this.#options;
    let cancel = timers.after(idleMsMax, () => socket.destroy());
    socket.once('close', () => cancel());
    const from = socket.remoteAddress ?? '';
    let came: Buffer = Buffer.alloc(0);
    let questions = 0;
    socket.on('data', (chunk) => {
      came = Buffer.concat([came, chunk]);
      while (came.length >= 2 && !socket.destroyed) {
        const size = came.readUInt16BE();
        if (size > questionBytesMax || questions === questionsMax) {
          socket.destroy();
          return;
        }
        if (came.length < 2 + size) return;
        questions += 1;
        const answer = replies.answer(came.subarray(2, 2 + size), from, true);
        came = came.subarray(2 + size);
        if (answer === null) {
          socket.destroy();
          return;
        }
        const length = Buffer.alloc(2);
        length.writeUInt16BE(answer.bytes.length);
        socket.write(Buffer.concat([length, answer.bytes]));
        // Only a whole question earns more time.
        cancel();
        cancel = timers.after(idleMsMax, () => socket.destroy());
      }
    });
    socket.once('end', () => socket.end());
  }
}
