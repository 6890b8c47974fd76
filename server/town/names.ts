/** The DNS of a town: says where each domain's server is, and passes questions about keys on to the domain's own responder. docs/operating.md#a-scene-about-keys */
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { type Answer, encode, type Packet, RECURSION_AVAILABLE, streamEncode } from 'dns-packet';
import { Asker } from '../dns/ask.ts';
import { DnsError } from '../dns/errors.ts';
import { dnsLimits } from '../dns/limits.ts';
import { recordName } from '../dns/look-up.ts';
import { type DnsMessage, RCODE, readMessage, stringsOfData, TYPE } from '../dns/message.ts';
import type { Endpoint } from '../transport/resolve.ts';
import { systemTimers } from '../transport/timers.ts';

/** Where a domain is, as its DNS says: whoever writes this owns the domain's DNS. */
export interface Delegation {
  /** An IPv4 address. */
  readonly server: Endpoint;
  /** The name server that has the zone of the key's record; an IPv4 address. */
  readonly responder: Endpoint;
}

/** A reply without its question. */
interface Said {
  readonly rcode: number;
  readonly answers?: readonly Answer[];
}

const { connectionsMax, idleMsMax, questionBytesMax } = dnsLimits;
const IN = 1;

/** A resolver for all names of a town, over UDP and TCP, from `open` to `close`. It validates nothing, and says so. */
export class TownNames {
  readonly #delegations = new Map<string, Delegation>();
  readonly #asker = new Asker({ proxy: null }, systemTimers);
  readonly #server: Server;
  readonly #datagrams: Datagrams;
  readonly #connections = new Set<Socket>();
  #isClosed = false;

  private constructor(server: Server, datagrams: Datagrams) {
    this.#server = server;
    this.#datagrams = datagrams;
    server.maxConnections = connectionsMax;
    server.on('connection', (socket) => this.#connected(socket));
    datagrams.on('message', (bytes, { port, address }) => {
      // What cannot be sent is asked again.
      void this.#answer(bytes).then((answer) => {
        if (answer !== null && !this.#isClosed) datagrams.send(encode(answer), port, address, () => {});
      });
    });
  }

  /** Rejects with the system's error when the port is taken. */
  static async open(host: string): Promise<TownNames> {
    const server = createServer({ noDelay: true }).listen({ host, port: 0 });
    await once(server, 'listening');
    const datagrams = createSocket('udp4');
    try {
      datagrams.bind((server.address() as AddressInfo).port, host);
      await once(datagrams, 'listening');
    } catch (error) {
      server.close();
      throw error;
    }
    return new TownNames(server, datagrams);
  }

  /** As `dns.resolvers` in a configuration names it. */
  get resolver(): string {
    const { address, port } = this.#server.address() as AddressInfo;
    return `udp://${address}:${port}`;
  }

  /** From now on the DNS says this of a domain. */
  point(domain: string, delegation: Delegation): void {
    this.#delegations.set(domain, delegation);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const socket of this.#connections) socket.destroy();
    await Promise.all([
      new Promise<void>((done) => void this.#server.close(() => done())),
      new Promise<void>((done) => void this.#datagrams.close(() => done())),
    ]);
  }

  /** One question after the other, each answered before the next is read. */
  #connected(socket: Socket): void {
    this.#connections.add(socket);
    socket.once('close', () => this.#connections.delete(socket));
    socket.on('error', () => {});
    socket.setTimeout(idleMsMax, () => socket.destroy());
    void (async () => {
      let came = Buffer.alloc(0);
      for await (const chunk of socket as AsyncIterable<Buffer>) {
        came = Buffer.concat([came, chunk]);
        while (came.length >= 2 && came.length >= 2 + came.readUInt16BE()) {
          const end = 2 + came.readUInt16BE();
          const answer = await this.#answer(came.subarray(2, end));
          if (answer === null) return void socket.destroy();
          socket.write(streamEncode(answer));
          came = came.subarray(end);
        }
        if (came.length > questionBytesMax) break;
      }
      socket.destroy();
    })().catch(() => socket.destroy());
  }

  /** null: it is not to be answered. */
  async #answer(bytes: Uint8Array): Promise<Packet | null> {
    let message: DnsMessage;
    try {
      message = readMessage(bytes);
    } catch (error) {
      if (error instanceof DnsError) return null;
      throw error;
    }
    const { question, opcode, flags, id } = message;
    if (
      (flags & 0x8000) !== 0 ||
      opcode !== 0 ||
      question === null ||
      question.written === null ||
      question.class !== IN
    )
      return null;
    const name = Object.entries(TYPE).find(([, type]) => type === question.type)?.[0];
    if (name === undefined) return null;
    const { rcode, answers = [] } = await this.#said(question.written, question.type);
    const questions = [{ name: question.written, type: name as Answer['type'], class: 'IN' as const }];
    return { type: 'response', id, flags: RECURSION_AVAILABLE | rcode, questions, answers: [...answers] };
  }

  async #said(written: string, type: number): Promise<Said> {
    const name = written.toLowerCase();
    for (const [domain, { server, responder }] of this.#delegations) {
      const owner = { name: written, ttl: 0 };
      const here = { rcode: RCODE.NOERROR };
      if (name === recordName(domain)) return type === TYPE.TXT ? this.#passedOn(written, responder) : here;
      if (name === `_psycs._tcp.${domain}`) {
        const data = { priority: 0, weight: 0, port: server.port, target: `node.${domain}` };
        return type === TYPE.SRV ? { ...here, answers: [{ ...owner, type: 'SRV', data }] } : here;
      }
      if (name === `node.${domain}`) {
        return type === TYPE.A ? { ...here, answers: [{ ...owner, type: 'A', data: server.host }] } : here;
      }
    }
    return { rcode: RCODE.NXDOMAIN };
  }

  /** What the domain's own responder says. */
  async #passedOn(written: string, { host, port }: Endpoint): Promise<Said> {
    try {
      const at = { kind: 'udp', host, port, certified: host, path: '', isValidator: false } as const;
      const heard = await this.#asker.ask(at, written.toLowerCase(), 'TXT');
      if (heard.kind === 'bogus') return { rcode: RCODE.SERVFAIL };
      const answers = heard.records.map(({ data }): Answer => {
        const strings = (stringsOfData(data) ?? []).map((string) => Buffer.from(string));
        return { type: 'TXT', name: written, ttl: 0, data: strings };
      });
      return { rcode: RCODE.NOERROR, answers };
    } catch (error) {
      if (error instanceof DnsError) return { rcode: RCODE.SERVFAIL };
      throw error;
    }
  }
}
