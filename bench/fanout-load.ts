/** The load of the fan-out: members who read and publishers who do not wait, as cheap as they can be. Child of fanout.ts. */
import { connect, type TLSSocket } from 'node:tls';

/** Connect so many members to a port; or let the publishers of a port speak. */
export type Order =
  | { readonly kind: 'join'; readonly port: number; readonly members: number }
  | {
      readonly kind: 'publish';
      readonly port: number;
      readonly messages: number;
      readonly periodMs: number;
      readonly isSpread: boolean;
    };

/** What a run was like: the milliseconds from schedule to arrival at some members, and everything that arrived. */
export interface Arrivals {
  readonly delaysMs: readonly number[];
  readonly bytes: number;
  readonly tookMs: number;
}

const PUBLISHERS = 10;
/** Every so many-th member looks into what he gets. */
const SAMPLED = 100;
const BODY_BYTES = 1024;
/** Begins a body, before the time it was to be sent; nothing else holds it. */
const MARK = '@@@';
const STAMP = /@@@(\d{10}\.\d{3})/g;

const upgrade =
  'GET /psyc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: psyc\r\n\r\n';

/** A client's frame; the mask is zero, as a load may have it. */
function frame(text: string): Buffer {
  const body = Buffer.from(text);
  const head =
    body.length < 126 ? [0x82, 0x80 | body.length] : [0x82, 0x80 | 126, body.length >> 8, body.length & 0xff];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), body]);
}

/** One port's connections and what they got. */
class Side {
  readonly #port: number;
  readonly #publishers: TLSSocket[] = [];
  #members = 0;
  bytes = 0;
  delaysMs: number[] = [];
  /** Messages that the sampled members have not got yet. */
  missing = 0;
  arrived: (() => void) | null = null;

  constructor(port: number) {
    this.#port = port;
  }

  async join(members: number): Promise<void> {
    while (this.#publishers.length < PUBLISHERS) this.#publishers.push(await this.#open());
    // A few at a time, so that the kernel's queue of connections does not overflow.
    for (let left = members; left > 0; left -= 25) {
      await Promise.all(Array.from({ length: Math.min(25, left) }, () => this.#member()));
    }
  }

  async publish(messages: number, periodMs: number, isSpread: boolean): Promise<Arrivals> {
    this.bytes = 0;
    this.delaysMs = [];
    this.missing = messages * PUBLISHERS * Math.ceil(this.#members / SAMPLED);
    const all = new Promise<void>((done) => (this.arrived = done));
    const beginMs = performance.now() + 20;
    let sent = 0;
    const speak = (): void => {
      for (; sent < messages * PUBLISHERS; sent++) {
        const publisher = sent % PUBLISHERS;
        const atMs =
          beginMs + Math.floor(sent / PUBLISHERS) * periodMs + (isSpread ? (publisher / PUBLISHERS) * periodMs : 0);
        if (atMs > performance.now()) {
          setTimeout(speak, atMs - performance.now());
          return;
        }
        const body = `${MARK}${atMs.toFixed(3).padStart(14, '0')}`.padEnd(BODY_BYTES, 'x');
        const content = `_message\n${body}\n`;
        this.#publishers[publisher]!.write(frame(`:_target\tpsyc://localhost/@hall\n${content.length}\n${content}|\n`));
      }
    };
    speak();
    await all;
    return { delaysMs: this.delaysMs, bytes: this.bytes, tookMs: performance.now() - beginMs };
  }

  #open(): Promise<TLSSocket> {
    return new Promise((done, failed) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port, rejectUnauthorized: false });
      socket.once('error', failed);
      socket.write(upgrade);
      socket.once('data', () => {
        socket.write(frame('|\n'));
        done(socket);
      });
    });
  }

  async #member(): Promise<void> {
    const socket = await this.#open();
    const isSampled = this.#members++ % SAMPLED === 0;
    let rest = '';
    socket.on('data', (chunk: Buffer) => {
      this.bytes += chunk.length;
      if (!isSampled) return;
      const text = rest + chunk.toString('latin1');
      let end = 0;
      for (const match of text.matchAll(STAMP)) {
        this.delaysMs.push(performance.now() - Number(match[1]));
        end = match.index + match[0].length;
        if (--this.missing === 0) this.arrived?.();
      }
      rest = text.slice(Math.max(end, text.length - 20));
    });
    socket.write(frame(':_target\tpsyc://localhost/@hall\n\n_request_enter\n|\n'));
  }
}

const sides = new Map<number, Side>();
process.on('message', (order: Order) => {
  const side = sides.get(order.port) ?? new Side(order.port);
  sides.set(order.port, side);
  const work =
    order.kind === 'join' ? side.join(order.members) : side.publish(order.messages, order.periodMs, order.isSpread);
  void work.then((arrivals) => process.send!(arrivals ?? null));
});
process.on('disconnect', () => process.exit());
