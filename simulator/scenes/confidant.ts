/** What a device does in the members-only place: a key for each membership, words sealed under it, and reading others'. docs/simulator.md#federation */
import { hexOf, textBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { decodeText } from '../../psyc/bytes.ts';
import { parseList } from '../../psyc/list.ts';
import type { Packet } from '../../psyc/packet.ts';
import { keyNamed, openAsMember, sealToMembers, type SenderKey } from '../../publication/members-only.ts';
import { readPublication } from '../../publication/packet.ts';
import type { Recipient } from '../../publication/seal.ts';
import { KEY_METHOD, openKey, readKey, type Reader, renderKey } from '../../publication/sender-key.ts';

/** What is to be said until it is answered. */
export interface Said {
  readonly tag: string;
  readonly method: string;
  readonly bytes: Uint8Array;
}

/** The same, signed. */
interface Published extends Said {
  /** Of the publication. */
  readonly counter: number;
}

/** Whose device it is, and what it needs. */
export interface ConfidantOptions {
  readonly suite: Suite;
  readonly place: string;
  readonly device: Uint8Array;
  readonly own: Recipient;
  readonly secret: Uint8Array;
  /** A new key of 32 bytes. */
  readonly newKey: () => Uint8Array;
  /** Whom a key is sealed to; null where nobody gives his keys. */
  readonly readerOf: (uniform: string) => Reader | null;
  /** Signs a request, or with `words` a message that carries them. */
  readonly publish: (content: Uint8Array, method: string, words: string | null) => Published;
  /** A request to enter. */
  readonly enter: () => Said;
  /** It can read a row. */
  readonly read: (key: string, words: string) => void;
}

/** What to do now. */
export type Move = { readonly kind: 'ask status' } | { readonly kind: 'say'; readonly said: Said };

interface Membership {
  readonly epoch: number;
  readonly members: readonly string[];
}

const ENTER = '_request_context_enter';

const textsIn = (list: Uint8Array): string[] =>
  parseList(list, 'frozen').elements.map(({ value }) => decodeText(value));

/** One device, in one place. */
export class Confidant {
  readonly #options: ConfidantOptions;
  readonly #words: string[] = [];
  #membership: Membership | null = null;
  #own: (SenderKey & { readonly epoch: number }) | null = null;
  /** What it waits for. */
  #waits: 'nothing' | 'status' | 'next time' | Said = 'nothing';
  /** Of what is said there next. */
  #number = 1;
  #isRefused = false;
  /** How much of the log it has: what a newcomer may read begins before him. */
  #has = 0;
  /** The key that is being said. */
  #draft: (SenderKey & { readonly epoch: number }) | null = null;
  /** Keys that were sealed to him, by device and number, with their epochs. */
  readonly #keys = new Map<string, { readonly epoch: number; readonly key: Uint8Array }>();

  constructor(options: ConfidantOptions) {
    this.#options = options;
  }

  get place(): string {
    return this.#options.place;
  }

  get number(): number {
    return this.#number;
  }

  get has(): number {
    return this.#has;
  }

  /**
   * What must be said before this. The number of what was refused is not used for something else, since a copy of that may still be taken: it begins anew
   * behind it, by entering.
   */
  before(method: string): Said | null {
    return this.#isRefused && method !== ENTER ? this.#options.enter() : null;
  }

  /** Whether it has nothing more to say. */
  get isContent(): boolean {
    return this.#words.length === 0;
  }

  /** It is to say this. */
  mean(words: string): void {
    this.#words.push(words);
  }

  /** A while has passed: what was asked is asked again. */
  wake(): void {
    if (this.#waits === 'status' || this.#waits === 'next time') this.#waits = 'nothing';
  }

  /** What comes next; null: nothing yet. */
  next(): Move | null {
    const [words] = this.#words;
    if (words === undefined || this.#waits !== 'nothing') return null;
    if (this.#membership === null) {
      this.#waits = 'status';
      return { kind: 'ask status' };
    }
    const isFresh = this.#own?.epoch === this.#membership.epoch;
    return isFresh ? this.#message(words) : this.#key(this.#membership);
  }

  /** What the place says of itself. Who is no member there gives up. */
  told(packet: Packet): void {
    if (this.#waits !== 'status') return;
    this.#waits = 'nothing';
    const [epoch, list] = [packet.text('_epoch'), packet.value('_list_members')];
    if (epoch === undefined || list === undefined) this.giveUp();
    else this.#membership = { epoch: Number(epoch), members: textsIn(list) };
  }

  /** It has nothing more to say there. */
  giveUp(): void {
    this.#words.length = 0;
    this.#membership = null;
    this.#waits = 'nothing';
  }

  /** An answer to what was said there; null: it was taken. */
  answered(tag: string, method: string, code: string | null): void {
    this.#number++;
    this.#isRefused = code !== null && method !== ENTER;
    const said = this.#waits;
    if (typeof said === 'string' || said.tag !== tag) return;
    this.#waits = 'nothing';
    const draft = this.#draft;
    this.#draft = null;
    if (code === null) {
      if (draft === null) this.#words.shift();
      else this.#own = draft;
    } else if (code === '_necessary_membership' || code === '_banned_member') this.giveUp();
    else {
      // Somebody has come or gone, or is about to.
      this.#membership = null;
      this.#waits = 'next time';
    }
  }

  /** A row of the place, after those before it. */
  heard(packet: Packet, routing: ReadonlyMap<string, string>): void {
    this.#has = Number(routing.get('_counter'));
    const { suite, own, secret, read } = this.#options;
    const said = readPublication(packet, (name) => routing.get(name));
    if (said === null) return;
    const { address: place, device, counter } = said;
    const author = routing.get('_source_relay') ?? '';
    const boxes = readKey(packet);
    if (boxes !== null) {
      const key = openKey(suite, { place, author, device, epoch: boxes.epoch }, boxes, own, secret);
      if (key !== null) this.#keys.set(`${hexOf(device)} ${counter}`, { epoch: boxes.epoch, key });
    }
    const named = keyNamed(packet);
    const found = named === null ? undefined : this.#keys.get(`${hexOf(device)} ${named.counter}`);
    if (named === null || found?.epoch !== named.epoch) return;
    const heading = { place, author, device, epoch: named.epoch };
    const opened = openAsMember(suite, heading, { key: found.key, counter: named.counter }, packet);
    if (opened !== null) read(routing.get('_tag') ?? '', decodeText(opened.data ?? new Uint8Array(0)));
  }

  #heading(epoch: number) {
    const { place, own, device } = this.#options;
    return { place, author: own.uniform, device, epoch };
  }

  #key({ epoch, members }: Membership): Move {
    const { suite, newKey, readerOf, publish } = this.#options;
    const readers = members.flatMap((uniform) => readerOf(uniform) ?? []);
    const key = newKey();
    const said = publish(renderKey(suite, this.#heading(epoch), key, readers)!, KEY_METHOD, null);
    this.#waits = said;
    this.#draft = { epoch, key, counter: said.counter };
    return { kind: 'say', said };
  }

  #message(words: string): Move {
    const { suite, publish } = this.#options;
    const own = this.#own!;
    const message = { entity: {}, method: '_message_public', data: textBytes(words) };
    const content = sealToMembers(suite, this.#heading(own.epoch), own, message);
    const said = publish(content, '_message_context_sealed', words);
    this.#waits = said;
    return { kind: 'say', said };
  }
}
