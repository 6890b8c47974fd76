/** Visitors of other domains' servers: whoever carries what one says is asked for his keys and for his device's own word. docs/spec/people.md#visitors */
import { visitorIn, isVisitorsDevice, visitedIn } from '../circuit/channel.ts';
import { withoutChannel } from '../psyc/uniform.ts';
import { PublicationError } from '../publication/error.ts';
import { readVisit, visitingDevice } from '../publication/visit.ts';
import type { Absent, Authors } from './authors.ts';
import type { Desk } from './desk.ts';
import type { FederationCode } from './error.ts';
import type { KeySearch } from './key-search.ts';
import { domainOf, keepLetter, type Letter, newLetter } from './letter.ts';
import { type RecordName, readRecords } from './records.ts';

/** What a node that was asked for somebody's keys has told. */
interface Told {
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
  readonly visit: Uint8Array | null;
}

/** A question to another node that is not answered. */
interface Asking {
  readonly domain: string;
  readonly person: string;
  readonly digits: string | null;
  readonly found: (told: Told | Absent) => void;
}

/** The record of a device's visit, by the digits of its channel. */
export const visitRecord = (visitor: string): RecordName => `visit ${digitsOf(visitor)}`;

/** The digits of its device in a visitor's name. */
export const digitsOf = (visitor: string): string => visitor.slice(visitor.indexOf('#') + 1, visitor.lastIndexOf('@'));

/** What one node knows of visitors elsewhere, and tells of those who are here. */
export class Visits {
  readonly #desk: Desk;
  readonly #authors: Authors;
  readonly #search: KeySearch;
  readonly #refuse: (letter: Letter, code: FederationCode) => void;
  /** By tag. */
  readonly #asking = new Map<string, Asking>();
  #asked = 0;

  /** `refuse`: tells whoever asked. */
  constructor(desk: Desk, authors: Authors, search: KeySearch, refuse: (letter: Letter, code: FederationCode) => void) {
    this.#desk = desk;
    this.#authors = authors;
    this.#search = search;
    this.#refuse = refuse;
  }

  queues(): [string, number][] {
    return [['visits asked for', this.#asking.size]];
  }

  /** Until when (Unix milliseconds) somebody, as `visitorIn` names him, speaks through the domain that he visits; now or later. */
  find(visitor: string, found: (untilMs: number | Absent) => void): void {
    const domain = visitedIn(visitor)!;
    const person = withoutChannel(visitor);
    this.#ask(domain, person, digitsOf(visitor), (told) => {
      const visit = typeof told === 'string' ? null : told.visit;
      const device = visit === null ? null : visitingDevice(visit, domain);
      if (typeof told === 'string' || visit === null || device === null || !isVisitorsDevice(visitor, device)) {
        found(told === 'later' ? 'later' : 'nobody');
        return;
      }
      this.#authors.offer(person, told.key, told.statement, () => {
        // Whatever was made of these very keys: what counts is what is known of him by now.
        const author = this.#authors.known(person, device);
        if (typeof author === 'string') found(author);
        else found(this.#until(visit, domain, device, author));
      });
    });
  }

  /** A letter to the node that asks for somebody's keys, or tells them; false: neither. */
  take(letter: Letter): boolean {
    const { routing, packet } = letter;
    const person = packet.text('_uniform');
    if (packet.method === '_request_keys' && person !== undefined) {
      this.#tell(person, packet.text('_device') ?? null, keepLetter(letter));
      return true;
    }
    const tag = routing.get('_tag_relay') ?? routing.get('_tag_reply') ?? '';
    const asking = this.#asking.get(tag);
    if (asking === undefined || routing.get('_source') !== `psyc://${asking.domain}`) return false;
    const [key, statement, visit] = ['_key', '_statement', '_visit'].map((name) => packet.value(name));
    const isTold = packet.method === '_status_keys' && person === asking.person;
    if (!isTold || key === undefined || statement === undefined) this.#settle(tag, 'nobody');
    else {
      const bytes = visit === undefined ? null : new Uint8Array(visit);
      this.#settle(tag, { key: new Uint8Array(key), statement: new Uint8Array(statement), visit: bytes });
    }
    return true;
  }

  #until(
    visit: Uint8Array,
    domain: string,
    device: Uint8Array,
    author: Parameters<typeof readVisit>[4],
  ): number | Absent {
    const { options, unixMs } = this.#desk;
    try {
      return readVisit(options.suite, visit, domain, device, author, unixMs);
    } catch (error) {
      if (error instanceof PublicationError) return 'nobody';
      throw error;
    }
  }

  #ask(domain: string, person: string, digits: string | null, found: Asking['found']): void {
    const { authorsAskedMax, keysMsMax } = this.#desk.options.federationLimits;
    if (this.#asking.size >= authorsAskedMax) {
      found('later');
      return;
    }
    const tag = `v${++this.#asked}`;
    this.#asking.set(tag, { domain, person, digits, found });
    this.#desk.timer(`visit ${tag}`, keysMsMax, () => this.#settle(tag, 'later'));
    this.#request(tag);
  }

  /** Asks, and asks again: neither the question nor the answer is numbered. */
  #request(tag: string): void {
    const asking = this.#asking.get(tag);
    if (asking === undefined) return;
    const { domain, person, digits } = asking;
    const routing = { _source: `psyc://${this.#desk.domain}`, _target: `psyc://${domain}`, _tag: tag };
    const entity = { _uniform: person, ...(digits === null ? {} : { _device: digits }) };
    this.#desk.post(newLetter({ routing, entity, method: '_request_keys' }));
    this.#desk.timer(`visit again ${tag}`, this.#desk.options.deliveryLimits.resendMsMin, () => this.#request(tag));
  }

  #settle(tag: string, told: Told | Absent): void {
    const asking = this.#asking.get(tag);
    this.#asking.delete(tag);
    asking?.found(told);
  }

  /** What is kept of a person of another domain: he was a visitor here, or his key is on the ring. */
  #tell(person: string, digits: string | null, letter: Letter): void {
    // Of those who live here they themselves are asked.
    if (domainOf(person) === this.#desk.domain) {
      this.#refuse(letter, '_unknown_target');
      return;
    }
    readRecords(this.#desk, person, (records) => {
      if (records === null) return;
      const [key, statement] = [records.get('key'), records.get('statement')];
      const visit = digits === null ? undefined : records.get(`visit ${digits}`);
      if (key !== undefined && statement !== undefined) this.#answer(letter, person, key, statement, visit);
      else {
        this.#search.find(person, (found) => {
          if (found === null) this.#refuse(letter, '_unknown_target');
          else this.#answer(letter, person, found.key, found.statement, visit);
        });
      }
    });
  }

  #answer(
    { routing }: Letter,
    person: string,
    key: Uint8Array,
    statement: Uint8Array,
    visit: Uint8Array | undefined,
  ): void {
    const [tag, target] = [routing.get('_tag'), routing.get('_source')];
    const heading = { _source: `psyc://${this.#desk.domain}`, _target: target, _tag_relay: tag, _tag_reply: tag };
    const told = {
      _uniform: person,
      _key: key,
      _statement: statement,
      ...(visit === undefined ? {} : { _visit: visit }),
    };
    this.#desk.post(newLetter({ routing: heading, entity: told, method: '_status_keys' }));
  }
}

/** Who is a visitor by the source of a letter, where the domain that brought it is the one he visits; null: nobody. */
export function visitorOf({ routing }: Letter, carrier: string): string | null {
  const source = routing.get('_source');
  return source !== undefined && visitedIn(source) === carrier ? visitorIn(source) : null;
}

/** Whether a visitor here says it, to somebody. */
export const isFromVisitor = (letter: Letter, domain: string): boolean =>
  visitorOf(letter, domain) !== null && !letter.routing.has('_context');
