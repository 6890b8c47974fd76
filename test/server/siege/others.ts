/** Those whom a siege is to leave unharmed: people who talk in a place at a steady pace, whoever else is there, and look at the clock. */
import type { Packet } from '../../../psyc/packet.ts';
import type { Endpoint } from '../../../server/transport/resolve.ts';
import { newSpeakerKeys, Sayings, Speaker } from '../node/speaker.ts';

/** How to talk. */
export interface OthersOptions {
  readonly domain: string;
  readonly place: string;
  readonly people: number;
  /** Messages a second, of all of them together. */
  readonly rate: number;
  readonly bodyBytes: number;
}

/** What one phase was like for them; milliseconds since a message was due. */
export interface Phase {
  /** Until its author had its echo, which is when it was durable. */
  readonly echoMs: readonly number[];
  /** Until each of the others heard it. */
  readonly heardMs: readonly number[];
}

interface Other {
  readonly speaker: Speaker;
  readonly sayings: Sayings;
  /** When each message was due that is not acknowledged yet, by its counter. */
  readonly open: Map<number, number>;
  /** Texts heard of others, each once. */
  readonly heard: Set<string>;
}

/** Time that both ends of this process share. */
const dueIn = (text: string): number => Number(text.split(' ', 2)[1]);

/** Some people in one place. */
export class Others {
  /** What must not happen: a lost circuit, a refusal, a message twice. */
  readonly harms: string[] = [];
  readonly #options: OthersOptions;
  readonly #all: Other[] = [];
  #said = 0;
  #acknowledged = 0;
  #heard = 0;
  #echoMs: number[] = [];
  #heardMs: number[] = [];
  #timer: NodeJS.Timeout | null = null;
  #wake: () => void = () => {};

  private constructor(options: OthersOptions) {
    this.#options = options;
  }

  /** Everybody registers, logs in and enters. */
  static async join(endpoint: Endpoint, options: OthersOptions): Promise<Others> {
    const others = new Others(options);
    for (let at = 0; at < options.people; at++) {
      const keys = await newSpeakerKeys(`other${at}`, options.domain);
      const speaker = await Speaker.open(endpoint, keys, { invite: null });
      const sayings = new Sayings(keys, options.place);
      speaker.say(sayings.ask('_request_context_enter'));
      await speaker.method('_echo_context_enter');
      const other = { speaker, sayings, open: new Map<number, number>(), heard: new Set<string>() };
      others.#all.push(other);
      void others.#listen(other);
    }
    return others;
  }

  /** Everybody talks until `stop`: each message is due at its time, however late the last one was. */
  talk(): void {
    const { rate, bodyBytes } = this.#options;
    const beginMs = performance.now();
    const before = this.#said;
    const speak = (): void => {
      for (;;) {
        const dueMs = beginMs + ((this.#said - before) * 1000) / rate;
        if (dueMs > performance.now()) {
          this.#timer = setTimeout(speak, dueMs - performance.now());
          return;
        }
        const other = this.#all[this.#said % this.#all.length]!;
        const saying = other.sayings.say('_message_public', `${++this.#said} ${dueMs} `.padEnd(bodyBytes, 'x'));
        other.open.set(saying.counter, dueMs);
        other.speaker.say(saying);
      }
    };
    speak();
  }

  /** What happened since this was last asked. */
  phase(): Phase {
    const phase = { echoMs: this.#echoMs, heardMs: this.#heardMs };
    this.#echoMs = [];
    this.#heardMs = [];
    return phase;
  }

  /** Resolves when everybody together has heard so many more messages, or somebody was harmed. */
  async heardMore(count: number): Promise<void> {
    const enough = this.#heard + count * this.#all.length;
    await this.#until(() => this.#heard >= enough);
  }

  /** Nothing new is said; resolves when everything is acknowledged and everybody has heard it, or somebody was harmed. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    const isDone = (): boolean => this.#acknowledged === this.#said && this.#heard === this.#said * this.#all.length;
    await this.#until(isDone);
  }

  async #until(isDone: () => boolean): Promise<void> {
    while (!isDone() && this.harms.length === 0) await new Promise<void>((wake) => (this.#wake = wake));
  }

  close(): void {
    for (const { speaker } of this.#all) speaker.close();
  }

  async #listen(other: Other): Promise<void> {
    for (let packet = await other.speaker.peer.hear(); packet !== null; packet = await other.speaker.peer.hear()) {
      this.#take(other, packet);
      this.#wake();
    }
    this.harms.push('a circuit was lost');
    this.#wake();
  }

  #take({ open, heard }: Other, packet: Packet): void {
    const { method } = packet;
    const now = performance.now();
    if (method === '_echo_message_public') {
      const counter = Number(packet.text('_counter_relay'));
      const dueMs = open.get(counter);
      if (dueMs === undefined) return;
      open.delete(counter);
      this.#acknowledged++;
      this.#echoMs.push(now - dueMs);
    } else if (method === '_message_public') {
      const text = packet.dataText;
      if (heard.has(text)) this.harms.push(`twice: ${text.slice(0, 40)}`);
      heard.add(text);
      this.#heard++;
      this.#heardMs.push(now - dueIn(text));
    } else if (/^_(?:error|failure|notice_missed)/.test(method ?? '')) this.harms.push(method!);
  }
}
