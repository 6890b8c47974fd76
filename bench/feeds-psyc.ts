/** Publishers and followers at a server of ours, over TLS. Part of feeds-load.ts. */
import type { Endpoint } from '../server/transport/resolve.ts';
import { feedOf } from '../publication/feed.ts';
import { type Saying, Sayings, newSpeakerKeys, Speaker, type SpeakerKeys } from '../test/server/node/speaker.ts';
import { acceptedBy, type Contestant, type Publisher } from './feeds-window.ts';

interface Writer extends Publisher {
  readonly person: string;
  readonly sayings: Sayings;
  readonly signed: Saying[];
}

/** One server's. */
export class PsycContestant implements Contestant {
  readonly #endpoint: Endpoint;
  readonly #writers: Writer[] = [];
  readonly #readers: { readonly speaker: Speaker; readonly keys: SpeakerKeys; readonly pages: Pages }[] = [];
  #made = 0;
  /** How much was accepted, by person. */
  readonly accepted = new Map<string, number>();

  constructor(endpoint: Endpoint) {
    this.#endpoint = endpoint;
  }

  async join(publishers: number): Promise<void> {
    for (let at = 0; at < publishers; at++) {
      const keys = await newSpeakerKeys(`ada${at}`, 'localhost');
      const speaker = await Speaker.open(this.#endpoint, keys, { invite: null });
      const signed: Saying[] = [];
      const say = (): boolean => {
        const saying = signed.shift();
        if (saying !== undefined) speaker.say(saying);
        return saying !== undefined;
      };
      const { person } = keys;
      const writer = { person, sayings: new Sayings(keys, feedOf(person)), signed, say, heard: (): void => {} };
      this.#writers.push(writer);
      // It ends with the circuit.
      void this.#listen(speaker, writer).catch(() => {});
    }
  }

  sign(each: number, text: string): void {
    for (const { sayings, signed } of this.#writers)
      while (signed.length < each) signed.push(sayings.say('_message_public', `${text}${String(++this.#made)}`));
  }

  publish(window: number, ms: number): Promise<number> {
    return acceptedBy(this.#writers, window, ms);
  }

  async #listen(speaker: Speaker, writer: Writer): Promise<void> {
    for (;;) {
      await speaker.method('_echo_message');
      this.accepted.set(writer.person, (this.accepted.get(writer.person) ?? 0) + 1);
      writer.heard();
    }
  }

  async follow(readers: number): Promise<void> {
    while (this.#readers.length < readers) {
      const keys = await newSpeakerKeys(`bob${this.#readers.length}`, 'localhost');
      const speaker = await Speaker.open(this.#endpoint, keys, { invite: null });
      for (const { person } of this.#writers) {
        speaker.say(new Sayings(keys, feedOf(person)).ask('_request_context_enter'));
        await speaker.method('_echo_context_enter');
      }
      this.#readers.push({ speaker, keys, pages: new Pages(speaker) });
    }
  }

  async fetch(each: number): Promise<number> {
    const counts = this.#readers.map(async ({ keys, speaker, pages }, reader) => {
      let count = 0;
      for (let at = 0; at < this.#writers.length; at++) {
        const { person } = this.#writers[(reader + at) % this.#writers.length]!;
        const page = pages.next();
        speaker.say(new Sayings(keys, feedOf(person)).newest(each));
        count += await page;
      }
      return count;
    });
    return (await Promise.all(counts)).reduce((sum, count) => sum + count, 0);
  }
}

const ROW = Buffer.from('\n_message_public\n');
const END = Buffer.from('\n_echo_history\n');

/** Counts rows as they come, and looks at nothing else: what a reader makes of them is his affair. */
class Pages {
  #rest: Buffer = Buffer.alloc(0);
  #count = 0;
  #over: (count: number) => void = () => {};

  constructor({ peer }: Speaker) {
    peer.release((chunk) => this.#take(chunk));
  }

  next(): Promise<number> {
    this.#count = 0;
    return new Promise((resolve) => (this.#over = resolve));
  }

  #take(chunk: Buffer): void {
    const bytes = Buffer.concat([this.#rest, chunk]);
    let from = 0;
    for (let at = bytes.indexOf(ROW); at !== -1; at = bytes.indexOf(ROW, from)) {
      this.#count++;
      from = at + ROW.length - 1;
    }
    const isOver = bytes.includes(END);
    // What is cut is looked at once more.
    this.#rest = isOver ? Buffer.alloc(0) : bytes.subarray(Math.max(from, bytes.length - ROW.length));
    if (isOver) this.#over(this.#count);
  }
}
