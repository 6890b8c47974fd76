/** A peer that says what a test wants over a TLS connection of its own, bare or inside WebSocket. */
import { connect, type TLSSocket } from 'node:tls';
import type { Exported } from '../../../circuit/binding.ts';
import { exportedBy } from '../../../circuit/exporting.ts';
import type { Packet } from '../../../psyc/packet.ts';
import { Parser } from '../../../psyc/parse.ts';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { exporter } from '../../../server/transport/tls.ts';
import { frame, Unframer, UPGRADE } from './frames.ts';

/** One connection; what comes is kept until it is heard. */
export class RawPeer {
  readonly socket: TLSSocket;
  readonly exported: Exported;
  readonly #unframer: Unframer | null;
  readonly #parser = new Parser();
  readonly #heard: Packet[] = [];
  #wake: () => void = () => {};
  #isOver = false;

  private constructor(socket: TLSSocket, isWebSocket: boolean) {
    this.socket = socket;
    this.exported = exportedBy(exporter(socket))!;
    this.#unframer = isWebSocket ? new Unframer() : null;
    socket.on('data', this.#take);
    socket.on('close', () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** Connected and greeted. `localAddress`: where it comes from, on the loopback any of 127.0.0.0/8. */
  static open({ host, port }: Endpoint, isWebSocket = false, localAddress?: string): Promise<RawPeer> {
    return new Promise((resolve, reject) => {
      const ALPNProtocols = isWebSocket ? ['http/1.1'] : ['psyc/1'];
      const socket = connect({
        host,
        port,
        ...(localAddress === undefined ? {} : { localAddress }),
        rejectUnauthorized: false,
        ALPNProtocols,
        minVersion: 'TLSv1.3',
      });
      // For good: a connection that breaks may say so more than once.
      socket.on('error', reject);
      socket.once('secureConnect', () => {
        const peer = new RawPeer(socket, isWebSocket);
        if (isWebSocket) socket.write(UPGRADE);
        peer.say(new TextEncoder().encode('|\n'));
        resolve(peer);
      });
    });
  }

  say(bytes: Uint8Array): void {
    this.socket.write(this.#unframer === null ? bytes : frame(bytes));
  }

  /** The next packet; null when the connection is over. */
  async hear(): Promise<Packet | null> {
    while (this.#heard.length === 0 && !this.#isOver) await new Promise<void>((wake) => (this.#wake = wake));
    return this.#heard.shift() ?? null;
  }

  /** Method of the last packet before the connection ends. */
  async lastMethod(): Promise<string | null> {
    let last: string | null = null;
    for (let packet = await this.hear(); packet !== null; packet = await this.hear()) last = packet.method;
    return last;
  }

  /** Hears nothing more: what comes from now on is the caller's, as chunks of the stream. */
  release(taken: (chunk: Buffer) => void): void {
    this.socket.off('data', this.#take);
    this.socket.on('data', taken);
  }

  close(): void {
    this.socket.destroy();
  }

  readonly #take = (chunk: Buffer): void => {
    for (const piece of this.#unframer === null ? [chunk] : this.#unframer.take(chunk)) {
      this.#parser.feed(new Uint8Array(piece));
      for (let packet = this.#parser.next(); packet !== null; packet = this.#parser.next()) {
        if (packet.length > 2) this.#heard.push(packet.copy());
      }
    }
    this.#wake();
  };
}
