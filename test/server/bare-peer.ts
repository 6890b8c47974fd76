/** A PSYC 1.0 peer without TLS that knows nothing of this project: bytes in, bytes out, as somebody typed them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

/** One connection of it. */
export class BarePeer {
  readonly socket: Socket;
  #text = '';
  #isOver = false;
  #wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (chunk: string) => {
      this.#text += chunk;
      this.#wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isOver = true;
      this.#wake();
    });
  }

  /** From this address of its own. */
  static async open(host: string, port: number, localAddress: string): Promise<BarePeer> {
    const socket = connect({ host, port, localAddress });
    const peer = new BarePeer(socket);
    await once(socket, 'connect');
    return peer;
  }

  /** Lines with TABs and line feeds as they are. */
  say(...packets: string[]): void {
    this.socket.write(packets.join(''), 'latin1');
  }

  /** Takes exactly these bytes off what came; throws with what came instead. */
  async hears(expected: string): Promise<void> {
    while (this.#text.length < expected.length && !this.#isOver) await new Promise<void>((wake) => (this.#wake = wake));
    const came = this.#text.slice(0, expected.length);
    if (came !== expected) throw new Error(`heard ${JSON.stringify(this.#text)}, not ${JSON.stringify(expected)}`);
    this.#text = this.#text.slice(expected.length);
  }

  /** Takes the rest of a line off what came. */
  async line(): Promise<string> {
    while (!this.#text.includes('\n') && !this.#isOver) await new Promise<void>((wake) => (this.#wake = wake));
    const line = this.#text.slice(0, this.#text.indexOf('\n'));
    this.#text = this.#text.slice(line.length + 1);
    return line;
  }

  /** Everything until the other side closes. */
  async rest(): Promise<string> {
    while (!this.#isOver) await new Promise<void>((wake) => (this.#wake = wake));
    return this.#text;
  }

  close(): void {
    this.socket.destroy();
  }
}
