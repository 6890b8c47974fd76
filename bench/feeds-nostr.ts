/** Publishers and subscribers of a Nostr relay. Part of feeds-load.ts. */
import { once } from 'node:events';
import { finalizeEvent, generateSecretKey, getPublicKey } from 'nostr-tools/pure';
import { WebSocket } from 'ws';
import { acceptedBy, type Contestant, type Publisher } from './feeds-window.ts';

const NOTE = 1;

interface Writer extends Publisher {
  readonly secret: Uint8Array;
  readonly signed: string[];
}

/** One relay's. */
export class NostrContestant implements Contestant {
  readonly #url: string;
  readonly #writers: Writer[] = [];
  readonly #readers: WebSocket[] = [];
  #made = 0;

  constructor(port: number) {
    this.#url = `ws://127.0.0.1:${port}`;
  }

  async join(publishers: number): Promise<void> {
    for (let at = 0; at < publishers; at++) {
      const socket = await this.#open();
      const signed: string[] = [];
      const say = (): boolean => {
        const event = signed.shift();
        if (event !== undefined) socket.send(event);
        return event !== undefined;
      };
      const writer: Writer = { secret: generateSecretKey(), signed, say, heard: () => {} };
      socket.on('message', (data) => {
        const [kind, , isTaken, why] = JSON.parse((data as Buffer).toString()) as [string, string, boolean, string];
        if (kind === 'OK' && !isTaken) throw new Error(`refused: ${why}`);
        if (kind === 'OK') writer.heard();
      });
      this.#writers.push(writer);
    }
  }

  sign(each: number, text: string): void {
    const created_at = Math.floor(Date.now() / 1000);
    for (const { secret, signed } of this.#writers) {
      while (signed.length < each) {
        const content = `${text}${String(++this.#made)}`;
        signed.push(JSON.stringify(['EVENT', finalizeEvent({ kind: NOTE, created_at, tags: [], content }, secret)]));
      }
    }
  }

  publish(window: number, ms: number): Promise<number> {
    return acceptedBy(this.#writers, window, ms);
  }

  async follow(readers: number): Promise<void> {
    while (this.#readers.length < readers) this.#readers.push(await this.#open());
  }

  /** Each asks for the newest of each publisher; gives how many came to all. */
  async fetch(each: number): Promise<number> {
    const authors = this.#writers.map(({ secret }) => getPublicKey(secret));
    const counts = this.#readers.map(async (socket, reader) => {
      let count = 0;
      for (let at = 0; at < authors.length; at++) {
        const author = authors[(reader + at) % authors.length];
        const name = `s${at}`;
        const over = new Promise<void>((resolve) => {
          socket.removeAllListeners('message').on('message', (data) => {
            const text = (data as Buffer).toString();
            if (text.startsWith('["EVENT"')) count++;
            else if (text.startsWith('["EOSE"')) resolve();
          });
        });
        socket.send(JSON.stringify(['REQ', name, { authors: [author], limit: each }]));
        await over;
        socket.send(JSON.stringify(['CLOSE', name]));
      }
      return count;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }

  async #open(): Promise<WebSocket> {
    const socket = new WebSocket(this.#url, { perMessageDeflate: false });
    await once(socket, 'open');
    return socket;
  }
}
