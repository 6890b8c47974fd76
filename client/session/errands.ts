/** What is asked of one's own home, or of somebody about himself: page by page, until all of it is there and its signatures are judged. docs/spec/friends.md#at-home */
import { backoffMs } from '../../circuit/backoff.ts';
import { parseOne } from '../../circuit/one-packet.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { PsycError } from '../../psyc/error.ts';
import { inherits } from '../../psyc/keyword.ts';
import type { Packet } from '../../psyc/packet.ts';
import { render, type Value } from '../../psyc/render.ts';
import type { Moment, Output, Said } from './events.ts';
import { domainOf } from './words.ts';
import { sessionLimits } from './limits.ts';
import type { Reader } from './reader.ts';

/** What errands need of their session. */
export interface ErrandsOwner {
  /** Under which the device speaks and is spoken to. */
  readonly channel: string;
  /** Sends a packet; false: it was not sent. */
  send(bytes: Uint8Array): boolean;
  output(output: Output): void;
}

/** What is wanted. */
export interface Wanted {
  readonly command: number;
  readonly target: string;
  readonly method: string;
  readonly entity: Readonly<Record<string, Value>>;
}

interface Errand extends Wanted {
  tag: string;
  /** Where the page under way begins; null: the first. */
  after: string | null;
  tries: number;
  repeatAtMs: number;
  /** What came of the page under way. */
  page: Packet[];
  /** The page is whole: its last packet; what was told is judged now. */
  end: Packet | null;
  sinceMs: number;
}

/** Entity variables that hold a packet of somebody's, or may. */
const PACKETS = ['_packet', '_value'];

/** One session's errands. */
export class Errands {
  readonly #owner: ErrandsOwner;
  readonly #reader: Reader;
  readonly #errands = new Map<number, Errand>();
  readonly #tagPrefix: string;
  #tags = 0;

  constructor(owner: ErrandsOwner, reader: Reader, tagPrefix: string) {
    this.#owner = owner;
    this.#reader = reader;
    this.#tagPrefix = tagPrefix;
  }

  get isWaiting(): boolean {
    return this.#errands.size > 0;
  }

  get count(): number {
    return this.#errands.size;
  }

  ask(wanted: Wanted, now: Moment): void {
    const errand = { ...wanted, tag: '', after: null, tries: 0, repeatAtMs: 0, page: [], end: null, sinceMs: 0 };
    this.#errands.set(wanted.command, errand);
    this.#send(errand, now);
  }

  /** Who was asked with this tag, or null. */
  targetOf(tag: string): string | null {
    return this.#with(tag)?.target ?? null;
  }

  /** Both ends are proved: what is not answered is asked again. */
  proved(now: Moment): void {
    for (const errand of this.#errands.values()) {
      errand.tries = 0;
      if (errand.end === null) this.#send(errand, now);
    }
  }

  tick(now: Moment): void {
    for (const errand of this.#errands.values()) {
      if (errand.end === null && now.monotoneMs >= errand.repeatAtMs) this.#send(errand, now);
    }
  }

  /** An answer with a tag; false: it answers nothing that was asked here. */
  answered(source: string, tag: string, packet: Packet, code: string | null, now: Moment): boolean {
    const errand = this.#with(tag);
    if (errand?.target !== source || errand.end !== null) return errand !== undefined;
    const method = packet.method ?? '';
    if (code !== null) {
      this.#errands.delete(errand.command);
      const by = domainOf(source);
      this.#owner.output({ kind: 'refused', command: errand.command, target: source, code, by });
    } else if (!inherits(method, '_echo') && method !== '_status_keys') {
      if (errand.page.length < sessionLimits.toldMax) errand.page.push(packet.copy());
      else {
        // Half of it would pass for all of it.
        this.#errands.delete(errand.command);
        const code = '_session_excessive_answer';
        this.#owner.output({ kind: 'refused', command: errand.command, target: source, code, by: null });
      }
    } else {
      errand.end = packet.copy();
      errand.sinceMs = now.monotoneMs;
    }
    return true;
  }

  /** Tells what can be told by now. */
  advance(now: Moment): void {
    for (const errand of this.#errands.values()) if (errand.end !== null) this.#tell(errand, errand.end, now);
  }

  #tell(errand: Errand, end: Packet, now: Moment): void {
    const { command } = errand;
    const told = [...errand.page, end].map((packet) => ({ packet, words: this.#wordsIn(packet, errand.sinceMs, now) }));
    if (told.some(({ words }) => words === null)) return;
    const next = end.text('_next');
    for (const [at, { packet, words }] of told.entries()) {
      if (at < errand.page.length || next === undefined) {
        this.#owner.output({ kind: 'told', command, packet, words: words!, isLast: at === errand.page.length });
      }
    }
    if (next === undefined) this.#errands.delete(command);
    else {
      errand.after = next;
      errand.page = [];
      errand.end = null;
      errand.tries = 0;
      this.#send(errand, now);
    }
  }

  /** The packets in a packet, judged; null: somebody's keys have to come first. */
  #wordsIn(packet: Packet, sinceMs: number, now: Moment): ReadonlyMap<string, Said> | null {
    const words = new Map<string, Said>();
    for (let index = packet.routingCount; index < packet.modifierCount; index++) {
      const name = packet.nameOf(index);
      const bytes = packet.value(name)!;
      if (bytes.length === 0 || !PACKETS.some((family) => inherits(name, family))) continue;
      const said = this.#read(bytes, sinceMs, now);
      if (said === null) return null;
      words.set(name, said);
    }
    // What no variable has room for is the data.
    const { data } = packet;
    if (data !== null && data.length > 0 && inherits(packet.method ?? '', '_status_export')) {
      const said = this.#read(data, sinceMs, now);
      if (said === null) return null;
      words.set('_packet', said);
    }
    return words;
  }

  #read(bytes: Uint8Array, sinceMs: number, now: Moment): Said | null {
    try {
      const packet = parseOne(new Uint8Array(bytes));
      const routing = new Map(packet.routing.map(({ name, value }) => [name, decodeText(value)]));
      const reading = this.#reader.read(packet, routing, sinceMs, now);
      if (reading === null) return null;
      const address = routing.get('_context') ?? routing.get('_target') ?? '';
      if ('violation' in reading) return { ...nobody, address, word: { kind: 'bad', code: reading.violation }, packet };
      const { author, word, method, text, isAction, isSealed, timeMs } = reading;
      return { author, word, method, text, isAction, isSealed, timeMs, address, packet };
    } catch (error) {
      if (!(error instanceof PsycError)) throw error;
      return { ...nobody, word: { kind: 'bad', code: error.code } };
    }
  }

  #send(errand: Errand, now: Moment): void {
    const { target, method, entity, after } = errand;
    errand.tag = `${this.#tagPrefix}e${++this.#tags}`;
    errand.page = [];
    errand.repeatAtMs = now.monotoneMs + backoffMs(errand.tries, sessionLimits.repeatMsMin, sessionLimits.repeatMsMax);
    const routing = { _source: this.#owner.channel, _target: target, _tag: errand.tag };
    const more = after === null ? {} : { _after: after };
    if (this.#owner.send(render({ routing, entity: { ...entity, ...more }, method }))) errand.tries++;
  }

  #with(tag: string): Errand | undefined {
    return [...this.#errands.values()].find((errand) => errand.tag === tag);
  }
}

const nobody = {
  author: '',
  method: '',
  text: null,
  isAction: false,
  isSealed: false,
  timeMs: null,
  address: '',
  packet: null,
};
