/** The load of the fan-out: members who read and publishers who do not wait, as cheap as they can be. Child of fanout.ts. */
import { connect, type TLSSocket } from 'node:tls';
import { frame, UPGRADE } from '../test/server/node/frames.ts';
import { newSpeakerKeys, Sayings, Speaker, type SpeakerKeys } from '../test/server/node/speaker.ts';

/**
 * Connect so many members to a port, as people who log in if it is a whole server, or people who stay outside; or let the
 * publishers of a port speak.
 */
export type Order =
  | {
      readonly kind: 'join' | 'idle';
      readonly port: number;
      readonly members: number;
      readonly isWhole: boolean;
    }
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
  /** How many got each message. */
  readonly hearers: number;
  readonly tookMs: number;
}

const PUBLISHERS = 10;
/** Every so many-th member looks into what he gets. */
const SAMPLED = 100;
const BODY_BYTES = 1024;
/** Begins a body, before the time it was to be sent; nothing else holds it. */
const MARK = '@@@';
const STAMP = /@@@(\d{10}\.\d{3})/g;

const text = (said: string): Buffer => frame(Buffer.from(said));
const HALL = 'psyc://localhost/@hall';

/** Somebody who can say things. */
type Publisher = (body: string) => void;

/** One port's connections and what they got. */
class Side {
  readonly #port: number;
  readonly #isWhole: boolean;
  readonly #publishers: Publisher[] = [];
  #members = 0;
  bytes = 0;
  delaysMs: number[] = [];
  /** Messages that the sampled members have not got yet. */
  missing = 0;
  arrived: (() => void) | null = null;

  constructor(port: number, isWhole: boolean) {
    this.#port = port;
    this.#isWhole = isWhole;
  }

  /** Everybody who hears: in a place of ours those who speak hear themselves. */
  get hearers(): number {
    return this.#members + (this.#isWhole ? PUBLISHERS : 0);
  }

  async join(members: number): Promise<void> {
    while (this.#publishers.length < PUBLISHERS) this.#publishers.push(await this.#publisher());
    // A few at a time, so that the kernel's queue of connections does not overflow.
    for (let left = members; left > 0; left -= 25) {
      await Promise.all(Array.from({ length: Math.min(25, left) }, () => this.#member()));
    }
  }

  /** The same without entering. */
  async idle(members: number): Promise<void> {
    for (let left = members; left > 0; left -= 25) {
      await Promise.all(
        Array.from({ length: Math.min(25, left) }, async () => {
          if (this.#isWhole) (await this.#login()).speaker.peer.release(() => {});
          else (await this.#open()).resume();
        }),
      );
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
        this.#publishers[publisher]!(body);
      }
    };
    speak();
    await all;
    return { delaysMs: this.delaysMs, bytes: this.bytes, hearers: this.hearers, tookMs: performance.now() - beginMs };
  }

  async #publisher(): Promise<Publisher> {
    if (!this.#isWhole) {
      // The same packets as the server gets and passes on, so that all rivals carry as many bytes.
      const socket = await this.#open();
      const sayings = new Sayings(await newSpeakerKeys(`n${this.#port}x${++people}`, 'localhost'), HALL);
      return (body) => socket.write(frame(Buffer.from(sayings.say('_message_public', body).bytes)));
    }
    const { speaker, sayings } = await this.#enter();
    speaker.peer.release((chunk) => (this.bytes += chunk.length));
    return (body) => speaker.say(sayings.say('_message_public', body));
  }

  /** Somebody new, who registers, logs in and enters. */
  async #enter(): Promise<{ speaker: Speaker; sayings: Sayings }> {
    const { speaker, keys } = await this.#login();
    const sayings = new Sayings(keys, HALL);
    speaker.say(sayings.ask('_request_context_enter'));
    await speaker.method('_echo_context_enter');
    return { speaker, sayings };
  }

  async #login(): Promise<{ speaker: Speaker; keys: SpeakerKeys }> {
    const keys = await newSpeakerKeys(`n${this.#port}x${++people}`, 'localhost');
    const speaker = await Speaker.open({ host: '127.0.0.1', port: this.#port }, keys, {
      invite: null,
      isWebSocket: true,
    });
    return { speaker, keys };
  }

  #open(): Promise<TLSSocket> {
    return new Promise((done, failed) => {
      const socket = connect({ host: '127.0.0.1', port: this.#port, rejectUnauthorized: false });
      socket.once('error', failed);
      socket.write(UPGRADE);
      socket.once('data', () => {
        socket.write(text('|\n'));
        done(socket);
      });
    });
  }

  async #member(): Promise<void> {
    const isSampled = this.#members++ % SAMPLED === 0;
    if (this.#isWhole) {
      const { speaker } = await this.#enter();
      speaker.peer.release(this.#hearing(isSampled));
      return;
    }
    const socket = await this.#open();
    socket.on('data', this.#hearing(isSampled));
    socket.write(text(`:_target\t${HALL}\n\n_request_enter\n|\n`));
  }

  /** Counts what comes, and looks into it if sampled. */
  #hearing(isSampled: boolean): (chunk: Buffer) => void {
    let rest = '';
    return (chunk) => {
      this.bytes += chunk.length;
      if (!isSampled) return;
      const heard = rest + chunk.toString('latin1');
      let end = 0;
      for (const match of heard.matchAll(STAMP)) {
        this.delaysMs.push(performance.now() - Number(match[1]));
        end = match.index + match[0].length;
        if (--this.missing === 0) this.arrived?.();
      }
      rest = heard.slice(Math.max(end, heard.length - 20));
    };
  }
}

/** So that everybody has another nick. */
let people = 0;

function doing(side: Side, order: Order): Promise<Arrivals | void> {
  if (order.kind === 'publish') return side.publish(order.messages, order.periodMs, order.isSpread);
  return order.kind === 'join' ? side.join(order.members) : side.idle(order.members);
}

const sides = new Map<number, Side>();
process.on('message', (order: Order) => {
  const side = sides.get(order.port) ?? new Side(order.port, order.kind !== 'publish' && order.isWhole);
  sides.set(order.port, side);
  void doing(side, order).then((arrivals) => process.send!(arrivals ?? null));
});
process.on('disconnect', () => process.exit());
