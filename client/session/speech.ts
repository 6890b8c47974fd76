/** What one device says: numbered, signed, sealed, kept before it leaves, and said again until it is answered. docs/spec/people.md#said */
import { backoffMs } from '../../circuit/backoff.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { inherits } from '../../psyc/keyword.ts';
import { isDomain } from '../../psyc/names.ts';
import { KEY_METHOD } from '../../publication/sender-key.ts';
import type { Moment, Output, PersonKeys } from './events.ts';
import { contentOf, publicationIn } from './carried.ts';
import { counted, domainOf } from './words.ts';
import { noKey, type OwnKey, type Pending, type Said, type Speaking } from './kept.ts';
import type { Keyring } from './keyring.ts';
import { sessionLimits } from './limits.ts';
import type { Course, Sealing } from './sealing.ts';
import { PUBLIC, Refusal, type Writer, type Wish } from './writer.ts';
import { isPerson } from './reader.ts';

/** What speech needs of its session. */
export interface SpeechOwner {
  /** Sends a packet; false: it was not sent. */
  send(bytes: Uint8Array): boolean;
  output(output: Output): void;
  /** Makes it durable, before anything that follows; what is settled, by its content, whoever carries it. */
  keep(speaking: Speaking, settled: ReadonlySet<string>): void;
  /** Numbers begin anew, on another channel: another circuit is to be dialled. */
  renew(): void;
  /** A short text that no other session has. */
  readonly tagPrefix: string;
}

interface Saying {
  /** null: said by an earlier session. */
  readonly command: number | null;
  readonly wish: Wish | null;
  pending: Pending | null;
  tries: number;
  repeatAtMs: number;
  isSent: boolean;
  /** How often it was sealed. */
  seals: number;
}

const newSaying = (command: number | null, wish: Wish | null, pending: Pending | null = null): Saying => ({
  command,
  wish,
  pending,
  tries: 0,
  repeatAtMs: 0,
  isSent: false,
  seals: 0,
});

/** One session's voice. To each target one thing is under way at a time. */
export class Speech {
  readonly #owner: SpeechOwner;
  readonly #writer: Writer;
  readonly #keyring: Keyring;
  readonly #sealing: Sealing;
  readonly #sayings = new Map<string, Saying[]>();
  /** What other servers carry as well, by its content. */
  readonly #elsewhere: ReadonlySet<string>;
  readonly #settled = new Set<string>();
  #speaking: Speaking;
  #tags = 0;

  constructor(
    owner: SpeechOwner,
    writer: Writer,
    keyring: Keyring,
    sealing: Sealing,
    { speaking: kept, elsewhere }: Said,
  ) {
    this.#sealing = sealing;
    this.#owner = owner;
    this.#writer = writer;
    this.#keyring = keyring;
    this.#speaking = kept;
    for (const pending of kept.pending) {
      this.#queue(pending.target).push(newSaying(null, null, pending));
    }
    this.#elsewhere = elsewhere.all;
    for (const pending of elsewhere.unsaid) {
      this.#queue(pending.target).push(newSaying(null, { kind: 'again', pending }));
    }
    if (kept.isSpent && kept.pending.length === 0) this.#speaking = renewed(kept);
  }

  /** Name of the side channel on which it is said. */
  get generation(): number {
    return this.#speaking.generation;
  }

  get isWaiting(): boolean {
    return this.#sayings.size > 0;
  }

  /** What is not done. */
  get count(): number {
    return [...this.#sayings.values()].reduce((count, { length }) => count + length, 0);
  }

  /** What is being waited for: keys of somebody, or an answer. */
  waitingFor(): { readonly state: 'asking for keys' | 'waiting for the answer'; readonly of: string } | null {
    for (const [target, [first]] of this.#sayings) {
      const isUnder = first?.pending !== null;
      return { state: isUnder ? 'waiting for the answer' : 'asking for keys', of: target };
    }
    return null;
  }

  /** Whom it was said to with this tag, or null. */
  targetOf(tag: string): string | null {
    return [...this.#sayings].find(([, [first]]) => first?.pending?.tag === tag)?.[0] ?? null;
  }

  say(command: number, target: string, wish: Wish): void {
    this.#keyring.remind(target);
    this.#queue(target).push(newSaying(command, wish));
  }

  /** Both ends are proved: what is not answered is said again. */
  proved(): void {
    for (const [first] of this.#sayings.values()) {
      if (first === undefined) continue;
      first.tries = 0;
      first.repeatAtMs = 0;
    }
  }

  /** Says what can be said by now. */
  advance(now: Moment, isProved: boolean): void {
    if (!isProved) return;
    for (const [target, queue] of [...this.#sayings]) {
      for (let first = queue[0]; first !== undefined; first = queue[0]) {
        const course = first.pending === null ? this.#courseOf(target, first, now) : null;
        if (course?.kind === 'waiting') break;
        if (course?.kind === 'key') {
          queue.unshift(newSaying(null, course));
          continue;
        }
        if (first.pending === null && !this.#prepare(target, first, course, now)) break;
        if (first.pending !== null) {
          this.#repeat(first, target, now);
          break;
        }
        // It was refused before it could be said.
        this.#drop(target);
      }
    }
  }

  /** An answer with this tag; false: it answers nothing that was said here. `code`: of a refusal. */
  answered(
    source: string,
    tag: string,
    method: string,
    text: (name: string) => string | undefined,
    code: string | null,
  ): boolean {
    const saying = this.#sayings.get(source)?.[0];
    const pending = saying?.pending;
    if (saying === undefined || pending?.tag !== tag) return false;
    const relayed = text('_counter_relay');
    if (relayed !== undefined && counted(relayed) !== pending.counter) return false;
    if (code === null && !inherits(method, '_echo')) return false;
    const isStale = code === '_stale_key' || (code === '_necessary_seal' && inherits(pending.method, PUBLIC));
    const isAgain = isStale && saying.wish !== null && saying.seals < sessionLimits.sealTriesMax;
    if (!isAgain || saying.wish?.kind === 'key') this.#drop(source);
    const left = this.#speaking.pending.filter((other) => other !== pending);
    // Whoever has it already counts no number for it: what follows begins anew.
    const isElsewhere = this.#elsewhere.has(contentOf(pending));
    const isSpent = this.#speaking.isSpent || code !== null || isElsewhere;
    this.#speaking = { ...this.#speaking, pending: left, isSpent };
    if (code === null) this.#settled.add(contentOf(pending));
    // What was refused here may be taken from whoever carries it.
    if (code !== null && !isElsewhere) this.#withdraw(pending);
    if (code === null) this.#remember(pending, text);
    if (isStale) this.#unseal(source);
    else if (code !== null && pending.method === KEY_METHOD) this.#setKey(source, noKey);
    const mayRenew = this.#speaking.isSpent && left.length === 0;
    if (mayRenew) this.#speaking = renewed(this.#speaking);
    this.#owner.keep(this.#speaking, this.#settled);
    const { command } = saying;
    if (isAgain) this.#again(saying);
    else if (code !== null) {
      // What was to be said under a key that is refused is refused with it.
      const behind = saying.wish?.kind === 'key' ? this.#sayings.get(source)?.[0] : undefined;
      if (behind !== undefined) this.#drop(source);
      if (!isElsewhere) this.#refuse(behind?.command ?? command, source, code);
    } else this.#done(saying, pending, text);
    if (mayRenew) this.#owner.renew();
    return true;
  }

  #refuse(command: number | null, target: string, code: string): void {
    this.#owner.output({ kind: 'refused', command, target, code, by: domainOf(target) });
  }

  /** Somebody came or went, or the place is members-only: who is there is asked again, and nothing is said in the clear. */
  #unseal(place: string): void {
    this.#sealing.forget(place);
    this.#setKey(place, this.#speaking.sealing.get(place) ?? noKey);
  }

  /**
   * What was refused keeps its number for ever: whoever refused it has it signed. What is said next names the one before it, so
   * that readers miss nothing. (Of the first nobody misses anything.)
   */
  #withdraw({ target, bytes }: Pending): void {
    const refused = publicationIn(bytes);
    const head = this.#speaking.chains.get(target);
    if (refused === null || refused.counter === 1 || head?.counter !== refused.counter) return;
    const before = { counter: refused.counter, id: hexOf(refused.previous) };
    this.#speaking = { ...this.#speaking, chains: new Map(this.#speaking.chains).set(target, before) };
  }

  #again(saying: Saying): void {
    Object.assign(saying, { pending: null, tries: 0, repeatAtMs: 0, seals: saying.seals + 1 });
  }

  #setKey(place: string, key: OwnKey): void {
    this.#speaking = { ...this.#speaking, sealing: new Map(this.#speaking.sealing).set(place, key) };
  }

  /** How it is sealed to the members of its place; null where it is not. */
  #courseOf(target: string, { wish }: Saying, now: Moment): Course | null {
    const own = this.#speaking.sealing.get(target);
    if (wish?.kind !== 'say' || own === undefined || this.#speaking.isSpent) return null;
    return this.#sealing.course(target, own, now);
  }

  /** Where we came or went, for who listens next. */
  #remember({ target, method }: Pending, text: (name: string) => string | undefined): void {
    const isEnter = inherits(method, '_request_context_enter');
    if (!isEnter && !inherits(method, '_request_context_leave')) return;
    const row = counted(text('_sequence'));
    if (isEnter && row === null) return;
    const entered = new Map(this.#speaking.entered).set(target, isEnter ? row : null);
    const left = new Map(this.#speaking.left);
    if (isEnter || row === null) left.delete(target);
    else left.set(target, row);
    this.#speaking = { ...this.#speaking, entered, left };
    if (text('_mode') === 'members' && !this.#speaking.sealing.has(target)) this.#setKey(target, noKey);
  }

  #done(
    { command, wish }: Saying,
    { target, method, bytes }: Pending,
    text: (name: string) => string | undefined,
  ): void {
    const kept = domainOf(text('_uniform_kept') ?? '');
    const at = isDomain(kept) ? kept : domainOf(target);
    if (method === KEY_METHOD) return;
    if (command === null)
      this.#owner.output({ kind: 'stored before', target, at, publication: this.#writer.idOf(bytes) });
    else if (inherits(method, '_request_context_enter')) {
      const members = counted(text('_amount_members'));
      const [topic, mode] = [text('_topic') ?? null, text('_mode') ?? null];
      // Its first row is the entering of who makes it; what a place without our acts counts says nothing of that.
      const isMade = counted(text('_sequence')) === 1 && mode !== null;
      const awaited = domainOf(text('_uniform_awaited') ?? '') || null;
      this.#owner.output({ kind: 'entered', command, place: target, members, topic, mode, isMade, awaited });
    } else if (wish?.kind === 'act') this.#owner.output({ kind: 'done', command, place: target, act: wish.act });
    else if (inherits(method, '_request_context_leave')) this.#owner.output({ kind: 'left', command, place: target });
    else this.#owner.output({ kind: 'stored', command, target, at, publication: this.#writer.idOf(bytes) });
  }

  /** Gives it its number and its bytes; false: not yet. */
  #prepare(target: string, saying: Saying, course: Course | null, now: Moment): boolean {
    const { wish } = saying;
    // On a spent channel nothing new is said.
    if (wish === null || this.#speaking.isSpent) return false;
    const speaking = this.#speaking;
    try {
      const counter = (speaking.numbers.get(target) ?? 0) + 1;
      const isNew = !speaking.chains.has(target) && !speaking.numbers.has(target);
      if (isNew && Math.max(speaking.chains.size, speaking.numbers.size) >= sessionLimits.addressesMax) {
        throw new Refusal('_session_excessive_addresses');
      }
      if (course?.kind === 'refused') throw new Refusal(course.code);
      let to: PersonKeys | OwnKey | null = course?.kind === 'sealed' ? course.own : null;
      if (wish.kind === 'say' && isPerson(target)) {
        const known = this.#keyring.of(target, now.monotoneMs, sessionLimits.keysMsMax);
        if (known.kind === 'waiting') return false;
        if (known.kind === 'refused') throw new Refusal(known.code);
        to = known.keys;
      }
      const tag = `${this.#owner.tagPrefix}m${++this.#tags}`;
      const heading = { target, tag, counter, generation: speaking.generation };
      const head = speaking.chains.get(target) ?? null;
      const written = this.#writer.write(wish, heading, head, to, now.wallMs);
      saying.pending = { target, tag, counter, method: written.method, bytes: written.bytes };
      this.#speaking = {
        ...speaking,
        numbers: new Map(speaking.numbers).set(target, counter),
        chains: written.head === null ? speaking.chains : new Map(speaking.chains).set(target, written.head),
        pending: [...speaking.pending, saying.pending],
      };
      if (written.key !== undefined) this.#setKey(target, written.key);
      // Before the bytes leave: who forgot them could sign something else with their number.
      this.#owner.keep(this.#speaking, this.#settled);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#owner.output({ kind: 'refused', command: saying.command, target, code: error.code, by: null });
    }
    return true;
  }

  #repeat(saying: Saying, target: string, now: Moment): void {
    if (now.monotoneMs < saying.repeatAtMs || saying.pending === null) return;
    const { repeatMsMin, repeatMsMax } = sessionLimits;
    saying.repeatAtMs = now.monotoneMs + backoffMs(saying.tries++, repeatMsMin, repeatMsMax);
    if (!this.#owner.send(saying.pending.bytes) || saying.isSent) return;
    saying.isSent = true;
    if (saying.command !== null) this.#owner.output({ kind: 'sent', command: saying.command, target });
  }

  #queue(target: string): Saying[] {
    const queue = this.#sayings.get(target) ?? [];
    this.#sayings.set(target, queue);
    return queue;
  }

  #drop(target: string): void {
    const queue = this.#sayings.get(target);
    queue?.shift();
    if (queue?.length === 0) this.#sayings.delete(target);
  }
}

/** The next side channel, on which everything is numbered from 1. What was signed goes on: that is no matter of channels. */
const renewed = (speaking: Speaking): Speaking => ({
  ...speaking,
  generation: speaking.generation + 1,
  isSpent: false,
  numbers: new Map(),
});
