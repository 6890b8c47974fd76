/** What people here have asked of places elsewhere: only what answers it makes anybody a member. docs/spec/places.md#audiences */
import { answeredIn, messageOf } from '../../circuit/message.ts';
import { parseEntity } from '../../psyc/uniform.ts';
import { isEcho, isRefusal, type Letter } from '../letter.ts';
import { membershipEcho, placeRequestOf } from '../methods.ts';
import type { Circuits } from '../peer.ts';

interface Request {
  readonly tag: string;
  readonly request: 'enter' | 'leave';
}

/**
 * Requests to enter and to leave that went out in this life. They need not be durable: what was not answered goes out again
 * from the log, and whoever misses an answer asks again.
 */
export class Requests {
  readonly #max: number;
  /** By who asks whom, and the number. */
  readonly #asked = new Map<string, Request>();

  /** When there are more than `max`, the oldest is forgotten: its author asks again. */
  constructor(max: number) {
    this.#max = max;
  }

  get count(): number {
    return this.#asked.size;
  }

  /** The same circuits; what goes out there is noted. */
  watched(circuits: Circuits): Circuits {
    return {
      dial: (domain) => circuits.dial(domain),
      close: (circuit) => circuits.close(circuit),
      send: (circuit, letter) => {
        this.#note(letter);
        return circuits.send(circuit, letter);
      },
    };
  }

  #note({ routing, packet }: Letter): void {
    const request = placeRequestOf(packet.method);
    if (request !== 'enter' && request !== 'leave') return;
    const message = messageOf(packet, (name) => routing.get(name));
    if (message === null || parseEntity(message.target).kind !== 'place') return;
    const { author, target, tag, counter } = message;
    const key = keyOf(author, target, counter);
    this.#asked.delete(key);
    this.#asked.set(key, { tag, request });
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= this.#max) return;
      this.#asked.delete(oldest);
    }
  }

  /** Whether the letter answers a request as one answers that; each is answered once. */
  answered({ routing, packet }: Letter): boolean {
    if (!isEcho(packet.method) && !isRefusal(packet.method)) return false;
    const answer = answeredIn(packet, (name) => routing.get(name));
    if (answer === null) return false;
    const { author, target, tag, counter } = answer;
    const key = counter === null ? this.#keyOfTag(author, target, tag) : keyOf(author, target, counter);
    const asked = key === null ? undefined : this.#asked.get(key);
    if (key === null || asked?.tag !== tag) return false;
    this.#asked.delete(key);
    return membershipEcho(packet.method) === asked.request;
  }

  /** Who answers as psyced does names no number. */
  #keyOfTag(author: string, target: string, tag: string): string | null {
    const way = keyOf(author, target, '');
    for (const [key, asked] of this.#asked) if (asked.tag === tag && key.startsWith(way)) return key;
    return null;
  }
}

const keyOf = (author: string, target: string, counter: number | ''): string => `${author} ${target} ${counter}`;
