/** People who go on speaking whatever happens to their server: what they said, what was acknowledged, what they heard. */
import { sessionLimits } from '../../client/session/limits.ts';
import type { Packet } from '../../psyc/packet.ts';
import { newSpeakerKeys, type Saying, Sayings, Speaker, type SpeakerKeys } from './node/speaker.ts';
import type { Served } from './served.ts';

/** What is under way of one person at once. */
const WINDOW = 4;

/** Ends of a circuit that a killed server leaves behind. */
const lost = /_circuit_lost|ECONNREFUSED|ECONNRESET|EPIPE|socket hang up|disconnected before secure/;

/** A row of a place as one heard it: who is said to have said what. */
export interface Heard {
  readonly author: string;
  readonly text: string;
}

/** Told of every acknowledgement, until so many have come. */
class Count {
  #waiting: { left: number; done: () => void }[] = [];

  all = 0;

  one(): void {
    this.all++;
    for (const waiting of this.#waiting) if (--waiting.left === 0) waiting.done();
    this.#waiting = this.#waiting.filter(({ left }) => left > 0);
  }

  /** Resolves when so many more have come. */
  more(left: number): Promise<void> {
    return new Promise((done) => this.#waiting.push({ left, done }));
  }
}

/** Several people, and what they have in common. */
export class Crowd {
  readonly talkers: Talker[] = [];
  readonly #count = new Count();
  readonly #runs: Promise<void>[] = [];

  /** How many acknowledgements have come, of everybody. */
  get count(): number {
    return this.#count.all;
  }

  /** Somebody new of a domain that is up, who speaks to a target there or elsewhere until `finish`; `padBytes` make it longer. */
  async join(home: Served, nick: string, target: string, padBytes = 0): Promise<Talker> {
    const keys = await newSpeakerKeys(nick, home.domain);
    const speaker = await Speaker.open(home.endpoint, keys, { invite: null });
    speaker.close();
    const talker = new Talker(home, keys, target, padBytes, () => this.#count.one());
    this.talkers.push(talker);
    return talker;
  }

  /** Everybody begins to speak. Throws later, at `finish`, what any of them came upon. */
  begin(): void {
    for (const talker of this.talkers) {
      const run = talker.run();
      run.catch(() => {});
      this.#runs.push(run);
    }
  }

  /** Resolves when so many more acknowledgements have come; rejects when somebody met what he should not have. */
  async acknowledged(count: number): Promise<void> {
    await Promise.race([this.#count.more(count), ...this.#runs.map((run) => run.then(() => new Promise(() => {})))]);
  }

  /** Nothing new is said; resolves when everything that was said is acknowledged. */
  async finish(): Promise<void> {
    for (const talker of this.talkers) talker.finish();
    await Promise.all(this.#runs);
  }

  /** Whether everything that was said is acknowledged. */
  get isFinished(): boolean {
    return this.talkers.every(({ said, acknowledged }) => said.length === acknowledged.length);
  }

  /** What everybody waits for. */
  get open(): string {
    return this.talkers.map(({ open }) => open).join('\n');
  }

  /** Everybody falls silent, whatever is still to be answered. */
  close(): void {
    for (const talker of this.talkers) talker.close();
  }
}

/** One person on one device, who speaks to one target. */
export class Talker {
  readonly keys: SpeakerKeys;
  /** Texts of everything said, in order. */
  readonly said: string[] = [];
  /** Those that were acknowledged, in the order in which the acknowledgements came. */
  readonly acknowledged: string[] = [];
  /** What came of a place, by its sequence. */
  readonly heard = new Map<number, Heard>();
  readonly #home: Served;
  readonly #target: string;
  readonly #padding: string;
  readonly #sayings: Sayings;
  readonly #told: () => void;
  /** Not answered, in order; no text: it enters the place. */
  #open: { readonly saying: Saying; readonly text: string | null }[] = [];
  #answered = 0;
  #speaker: Speaker | null = null;
  #isFinishing = false;
  #isClosed = false;

  constructor(home: Served, keys: SpeakerKeys, target: string, padBytes: number, told: () => void) {
    this.#home = home;
    this.#padding = '.'.repeat(padBytes);
    this.keys = keys;
    this.#target = target;
    this.#sayings = new Sayings(keys, target);
    this.#told = told;
    if (this.#isPlace) this.#open.push({ saying: this.#sayings.ask('_request_context_enter'), text: null });
  }

  get #isPlace(): boolean {
    return this.#target.includes('/@');
  }

  /** On one circuit after another, until everything is said and answered. Rejects with an answer that should not be. */
  async run(): Promise<void> {
    while (!this.#isOver) {
      try {
        await this.#home.up();
        this.#speaker = await Speaker.open(this.#home.endpoint, this.keys);
        for (const { saying } of this.#open) this.#speaker.say(saying);
        await this.#converse(this.#speaker);
      } catch (error) {
        // Not by `instanceof`: in a test the system's errors are of another world.
        if (!lost.test(String(error))) throw error;
      } finally {
        this.#speaker?.close();
      }
    }
  }

  /** What is still to be answered, for whoever wonders why nobody goes on. */
  get open(): string {
    const numbers = this.#open.map(({ saying }) => saying.counter);
    return `${this.keys.person}: ${this.acknowledged.length} of ${this.said.length} acknowledged, open ${numbers.join(' ')}`;
  }

  finish(): void {
    this.#isFinishing = true;
    // Who has nothing open hears nothing more that would end him.
    if (this.#open.length === 0) this.#speaker?.close();
  }

  close(): void {
    this.#isClosed = true;
    this.#speaker?.close();
  }

  get #isOver(): boolean {
    return this.#isClosed || (this.#isFinishing && this.#open.length === 0);
  }

  async #converse(speaker: Speaker): Promise<void> {
    // As every client does: an answer that was lost behind the server at home is not given again unasked.
    let before = -1;
    const again = setInterval(() => {
      if (before === this.#answered) for (const { saying } of this.#open) speaker.say(saying);
      before = this.#answered;
    }, sessionLimits.repeatMsMin);
    try {
      await this.#exchange(speaker);
    } finally {
      clearInterval(again);
    }
  }

  async #exchange(speaker: Speaker): Promise<void> {
    while (!this.#isOver) {
      // Nobody speaks in a place before he is in.
      const isIn = this.#open.every(({ text }) => text !== null);
      while (!this.#isFinishing && isIn && this.#open.length < WINDOW) speaker.say(this.#next());
      const packet = await speaker.peer.hear();
      if (packet === null) return;
      this.#take(packet);
    }
  }

  #next(): Saying {
    const text = `${this.keys.person} says number ${this.said.length + 1}${this.#padding}`;
    const saying = this.#sayings.say(this.#isPlace ? '_message_public' : '_message_private_sealed', text);
    this.said.push(text);
    this.#open.push({ saying, text });
    return saying;
  }

  #take(packet: Packet): void {
    const { method } = packet;
    const counter = Number(packet.text('_counter_relay'));
    if (packet.ownRoute('_context') !== undefined) {
      if (method !== '_message_public') return;
      const heard = { author: packet.ownRoute('_source_relay') ?? '', text: packet.dataText };
      const sequence = Number(packet.ownRoute('_counter'));
      const before = this.heard.get(sequence) ?? heard;
      if (before.text !== heard.text) throw new Error(`row ${sequence} was "${before.text}" and is "${heard.text}"`);
      this.heard.set(sequence, heard);
    } else if (method?.startsWith('_echo') === true) {
      const at = this.#open.findIndex(({ saying }) => saying.counter === counter);
      if (at === -1) return;
      const [answered] = this.#open.splice(at, 1);
      this.#answered++;
      if (answered!.text !== null) this.acknowledged.push(answered!.text);
      this.#told();
    } else if (/^_(?:error|failure)/.test(method ?? '')) throw new Error(`${method} to ${this.keys.person}`);
  }
}
