/** A plain peer's people in our places: what they say once is numbered here, and said to the place until it answers. docs/spec/plain.md#guests */
import type { Desk } from '../desk.ts';
import type { FederationCode } from '../error.ts';
import { isRefusal, keepLetter, type Letter, readdress } from '../letter.ts';
import type { PlainAsker } from './plain-wire.ts';
import { plainLimits } from './plain-limits.ts';

interface Waiting {
  readonly letter: Letter;
  readonly asker: PlainAsker;
  readonly sinceMs: number;
}

/** What one person says to one place. */
interface Way {
  /** Under which he is numbered here; a new one whenever numbers begin anew. */
  channel: string;
  counter: number;
  /** The first is under way. */
  readonly waiting: Waiting[];
}

/** What becomes of what they say. */
export interface GuestsOwner {
  /** The place has answered. */
  answered(letter: Letter, asker: PlainAsker): void;
  /** It is not taken. */
  refused(asker: PlainAsker, method: string, code: FederationCode): void;
}

/** Bytes of chance in a channel's name: no other life of this node has the same. */
const LIFE_BYTES = 8;

const keyOf = ({ person, place }: PlainAsker): string => `${person} ${place}`;

/** The guests of one peer. */
export class PlainGuests {
  readonly #desk: Desk;
  readonly #owner: GuestsOwner;
  readonly #name: string;
  /** Least recently used first. */
  readonly #ways = new Map<string, Way>();
  readonly #life: string;
  #channels = 0;
  #isTicking = false;

  /** `name` tells its timer from those of other peers. */
  constructor(name: string, desk: Desk, owner: GuestsOwner) {
    this.#name = name;
    this.#desk = desk;
    this.#owner = owner;
    const chance = desk.options.suite.random(LIFE_BYTES);
    this.#life = Array.from(chance, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  queues(): [string, number][] {
    return [
      ['plain ways', this.#ways.size],
      ['plain waiting', this.#waitingCount],
    ];
  }

  get isIdle(): boolean {
    return this.#waitingCount === 0;
  }

  /** One of them says something to a place. */
  say(letter: Letter, asker: PlainAsker): void {
    const way = this.#wayOf(asker);
    const { plainWaitingMax, plainWaitingAllMax } = plainLimits;
    if (way === null || way.waiting.length >= plainWaitingMax || this.#waitingCount >= plainWaitingAllMax) {
      this.#owner.refused(asker, letter.packet.method ?? '', '_excessive_requests');
      return;
    }
    way.waiting.push({ letter: keepLetter(letter), asker, sinceMs: this.#desk.nowMs });
    if (way.waiting.length === 1) this.#post(way);
    this.#tick();
  }

  /** A letter to one of them that may be a place's answer; false: it answers nothing that was said here. */
  take(letter: Letter): boolean {
    const { routing, packet } = letter;
    const [target = '', place = ''] = [routing.get('_target'), routing.get('_source')];
    const way = this.#ways.get(`${target.split('#', 1)[0]} ${place}`);
    const [first] = way?.waiting ?? [];
    if (way === undefined || first === undefined || target !== way.channel) return false;
    if (packet.text('_counter_relay') !== String(way.counter)) return false;
    way.waiting.shift();
    // A refused number is not used up, but what the place thinks of it need not be known: numbers begin anew.
    if (isRefusal(packet.method)) this.#renew(way, first.asker);
    else way.counter++;
    this.#owner.answered(letter, first.asker);
    this.#post(way);
    return true;
  }

  get #waitingCount(): number {
    let count = 0;
    for (const { waiting } of this.#ways.values()) count += waiting.length;
    return count;
  }

  #wayOf(asker: PlainAsker): Way | null {
    const key = keyOf(asker);
    let way = this.#ways.get(key);
    if (way === undefined) {
      if (this.#ways.size >= plainLimits.plainWaysMax) {
        const [idle] = [...this.#ways].find(([, { waiting }]) => waiting.length === 0) ?? [];
        if (idle === undefined) return null;
        this.#ways.delete(idle);
      }
      way = { channel: '', counter: 1, waiting: [] };
      this.#renew(way, asker);
    }
    this.#ways.delete(key);
    this.#ways.set(key, way);
    return way;
  }

  #renew(way: Way, { person }: PlainAsker): void {
    way.channel = `${person}#${this.#life}-${++this.#channels}`;
    way.counter = 1;
  }

  #post(way: Way): void {
    const [first] = way.waiting;
    if (first === undefined) return;
    const { place } = first.asker;
    const routing = { _source: way.channel, _target: place, _tag: `g${way.counter}`, _counter: String(way.counter) };
    this.#desk.post(readdress(routing, first.letter.packet));
  }

  /** What is not answered is said again, and given up in the end: whoever said it said it once. */
  #tick(): void {
    if (this.#isTicking) return;
    this.#isTicking = true;
    this.#desk.timer(`guests ${this.#name}`, this.#desk.options.deliveryLimits.resendMsMin, () => {
      this.#isTicking = false;
      for (const way of this.#ways.values()) {
        const [first] = way.waiting;
        if (first !== undefined && this.#desk.nowMs - first.sinceMs >= plainLimits.plainAnswerMsMax) {
          way.waiting.shift();
          this.#renew(way, first.asker);
          this.#owner.refused(first.asker, first.letter.packet.method ?? '', '_delivery_timeout');
        }
        this.#post(way);
      }
      if (!this.isIdle) this.#tick();
    });
  }
}
