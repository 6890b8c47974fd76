/** Visitors of other domains' servers: whoever carries what one says is asked for his keys and for his device's own word. docs/spec/people.md#visitors */
import { visitorIn, isVisitorsDevice, visitedIn } from '../../circuit/channel.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { withoutChannel } from '../../psyc/uniform.ts';
import { PublicationError } from '../../publication/error.ts';
import { readVisit, visitingDevice } from '../../publication/visit.ts';
import type { Absent, Authors } from '../keys/authors.ts';
import type { FederationCode } from '../error.ts';
import type { FoundKeys } from '../keys/key-search.ts';
import { domainOf, entityIn, keepLetter, type Letter, newLetter } from '../letter.ts';
import { type RecordName, readRecords } from '../records.ts';
import { isForNow, judgeVisitor, type VisitorJudge } from '../keys/visitor-keys.ts';

/** What a node that was asked for somebody's keys has told. */
interface Told {
  readonly key: Uint8Array;
  readonly statement: Uint8Array;
  readonly visit: Uint8Array | null;
}

/** Whose they are. */
type JudgedKeys = FoundKeys & { readonly person: string };

/** A question to another node that is not answered. */
interface Asking {
  readonly domain: string;
  readonly person: string;
  readonly digits: string;
  readonly found: (told: Told | Absent) => void;
}

/** The record of a device's visit, by the digits of its channel. */
export const visitRecord = (visitor: string): RecordName => `visit ${digitsOf(visitor)}`;

/** The digits of its device in a visitor's name. */
export const digitsOf = (visitor: string): string => visitor.slice(visitor.indexOf('#') + 1, visitor.lastIndexOf('@'));

/** What one node knows of visitors elsewhere, and tells of those who are here. */
export class Visits {
  readonly #judge: VisitorJudge;
  readonly #authors: Authors;
  readonly #refuse: (letter: Letter, code: FederationCode) => void;
  /** By tag. */
  readonly #asking = new Map<string, Asking>();
  #asked = 0;

  /** `refuse`: tells whoever asked. */
  constructor(judge: VisitorJudge, authors: Authors, refuse: (letter: Letter, code: FederationCode) => void) {
    this.#judge = judge;
    this.#authors = authors;
    this.#refuse = refuse;
  }

  queues(): [string, number][] {
    return [
      ['visits asked for', this.#asking.size],
      ['witnesses asked', this.#judge.witnesses.count],
    ];
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
      // What is public is heard from a domain that is new here, too.
      const how = { isAsking: true, standings: ['normal', 'quarantine'] } as const;
      judgeVisitor(this.#judge, { person, ...told }, how, (judged) => {
        if (typeof judged === 'string') found(isForNow(judged) ? 'later' : 'nobody');
        else
          this.#authors.adopt(person, judged, () => found(this.#untilMs(visit, domain, device, { person, ...judged })));
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
    if (this.#judge.witnesses.take(letter)) return true;
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

  /** As long as he visits, and his domain vouches for him. */
  #untilMs(visit: Uint8Array, domain: string, device: Uint8Array, { person, read }: JudgedKeys): number | Absent {
    const { options, unixMs } = this.#judge.desk;
    const deviceKey = read.devices.find(({ id }) => equalBytes(id, device))?.key;
    if (deviceKey === undefined) return 'nobody';
    try {
      const author = { uniform: person, fingerprint: read.fingerprint, deviceKey };
      return Math.min(readVisit(options.suite, visit, domain, device, author, unixMs), read.untilMs);
    } catch (error) {
      if (error instanceof PublicationError) return 'nobody';
      throw error;
    }
  }

  #ask(domain: string, person: string, digits: string, found: Asking['found']): void {
    const { authorsAskedMax, keysMsMax } = this.#judge.desk.options.federationLimits;
    if (this.#asking.size >= authorsAskedMax) {
      found('later');
      return;
    }
    const tag = `v${++this.#asked}`;
    this.#asking.set(tag, { domain, person, digits, found });
    this.#judge.desk.timer(`visit ${tag}`, keysMsMax, () => this.#settle(tag, 'later'));
    this.#request(tag);
  }

  /** Asks, and asks again: neither the question nor the answer is numbered. */
  #request(tag: string): void {
    const asking = this.#asking.get(tag);
    if (asking === undefined) return;
    const { domain, person, digits } = asking;
    const routing = { _source: `psyc://${this.#judge.desk.domain}`, _target: `psyc://${domain}`, _tag: tag };
    const entity = { _uniform: person, _device: digits };
    this.#judge.desk.post(newLetter({ routing, entity, method: '_request_keys' }));
    this.#judge.desk.timer(`visit again ${tag}`, this.#judge.desk.options.deliveryLimits.resendMsMin, () =>
      this.#request(tag),
    );
  }

  #settle(tag: string, told: Told | Absent): void {
    const asking = this.#asking.get(tag);
    this.#asking.delete(tag);
    asking?.found(told);
  }

  /** What is kept of a person of another domain who was a visitor here; of anybody else others know more. */
  #tell(person: string, digits: string | null, letter: Letter): void {
    if (entityIn(person)?.kind !== 'person' || domainOf(person) === this.#judge.desk.domain) {
      this.#refuse(letter, '_unknown_target');
      return;
    }
    readRecords(this.#judge.desk, person, (records) => {
      if (records === null) return;
      const [key, statement] = [records.get('key'), records.get('statement')];
      const visit = digits === null ? undefined : records.get(`visit ${digits}`);
      if (key === undefined || statement === undefined) this.#refuse(letter, '_unknown_target');
      else this.#answer(letter, person, key, statement, visit);
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
    const heading = { _source: `psyc://${this.#judge.desk.domain}`, _target: target, _tag_relay: tag, _tag_reply: tag };
    const told = {
      _uniform: person,
      _key: key,
      _statement: statement,
      ...(visit === undefined ? {} : { _visit: visit }),
    };
    this.#judge.desk.post(newLetter({ routing: heading, entity: told, method: '_status_keys' }));
  }
}

/** Who is a visitor by the source of a letter, where the domain that brought it is the one he visits; null: nobody. */
export function visitorOf({ routing }: Letter, carrier: string): string | null {
  const source = routing.get('_source');
  // Nobody else has a channel like that.
  return source !== undefined && visitedIn(source) === carrier && entityIn(source) !== null ? visitorIn(source) : null;
}

/** Whether a visitor here says it, to somebody. */
export const isFromVisitor = (letter: Letter, domain: string): boolean =>
  visitorOf(letter, domain) !== null && !letter.routing.has('_context');
