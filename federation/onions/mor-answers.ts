/** What was answered to nobody: kept in the store until nobody can ask again, so that what is asked twice is done once. docs/spec/round-trips.md#at-most-once */
import { bytesOfHex, hexOf, joinBytes, textBytes } from '../../crypto/bytes.ts';
import { lengths, type Suite } from '../../crypto/suite.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import { requestLimits } from './mor-request-limits.ts';

const REQUEST = textBytes('p3do-request-v1');
const ANSWER = textBytes('p3do-answer-v1');
const SHARDS = textBytes('p3do-answer-shards-v1');
const NAME_BYTES = 16;
/** Each key enciphers one answer. */
const NONCE = new Uint8Array(lengths.nonce);
/** A record's first byte. */
const BEGUN = 1;
const ANSWERED = 2;
/** Members of one page, and requests that are forgotten in one write. */
const PAGE = 500;
const { requestsMax, requestSeconds } = requestLimits;

/** What is known of a request by its name. */
export type KeptAnswer =
  | { readonly kind: 'unknown' }
  /** It was begun, and nobody knows what came of it: this life has not seen it end. */
  | { readonly kind: 'begun' }
  /** The packets of the answer, one behind the other. */
  | { readonly kind: 'answered'; readonly answer: Uint8Array }
  /** The store does not answer. */
  | { readonly kind: 'unavailable' };

/** A request: by its tag, 16 bytes that only its sender knows, and the entity that it is for. */
export interface RequestName {
  /** 32 hexadecimal digits. */
  readonly hex: string;
  /** What its answer is enciphered with: who has the store and not the tag reads nothing. */
  readonly key: Uint8Array;
}

/** Its name and key. */
export function requestName(suite: Suite, tag: Uint8Array, target: string): RequestName {
  const of = joinBytes(tag, textBytes(target));
  return {
    hex: hexOf(suite.blake2b(joinBytes(REQUEST, of), NAME_BYTES)),
    key: suite.blake2b(joinBytes(ANSWER, of), lengths.key),
  };
}

/** What an answer is cut with, the same each time: whoever asks again is told other shards of the same cut. */
export function shardStream(suite: Suite, key: Uint8Array): (length: number) => Uint8Array {
  const seed = suite.blake2b(joinBytes(SHARDS, key), lengths.key);
  let drawn = 0;
  return (length) => {
    const nonce = new Uint8Array(lengths.nonce);
    new DataView(nonce.buffer).setUint32(0, ++drawn);
    return suite.chacha20(seed, nonce, new Uint8Array(length));
  };
}

/** Those of one node. The store lists them as members of a context, each until when, and has what came of each as a record of its own. */
export class MorAnswers {
  readonly #desk: Desk;
  readonly #list: string;
  /** Until when each is kept, Unix seconds; the first to come is the first to go. null: what is kept is not known yet. */
  #until: Map<string, number> | null = null;
  #isForgetting = false;

  constructor(desk: Desk) {
    this.#desk = desk;
    this.#list = `requests of psyc://${desk.domain}/$mor`;
  }

  get size(): number {
    return this.#until?.size ?? 0;
  }

  /** Reads which there are; again until the store answers. */
  load(): void {
    this.#page('', []);
  }

  /** Whether one more may be begun; false as long as nobody knows how many there are. */
  get hasRoom(): boolean {
    return this.#until !== null && this.#until.size < requestsMax;
  }

  /** What came of a request. */
  find({ hex, key }: RequestName, found: (kept: KeptAnswer) => void): void {
    if (this.#until === null) found({ kind: 'unavailable' });
    else if (!this.#until.has(hex)) found({ kind: 'unknown' });
    else {
      this.#desk.ask({ kind: 'records', context: contextOf(hex) }, (outcome) => {
        if (outcome.kind !== 'records') found({ kind: 'unavailable' });
        else found(this.#read(outcome.records[0]?.value ?? new Uint8Array(), hex, key));
      });
    }
  }

  /** That a request is begun; false: it is not, or nobody knows. */
  begin({ hex }: RequestName, done: (isDurable: boolean) => void): void {
    const until = Math.floor(this.#desk.unixMs / 1000) + requestSeconds;
    // Known from here on, whatever the store says: it must not be begun again.
    this.#until?.set(hex, until);
    const member: Operation = { op: 'member', context: this.#list, lease, name: hex, sequence: until };
    this.#write([member, recordOf(hex, new Uint8Array([BEGUN]))], done);
  }

  /** What came of it; false: nobody knows whether it is kept. */
  end({ hex, key }: RequestName, answer: Uint8Array, done: (isDurable: boolean) => void): void {
    const sealed = this.#desk.options.suite.chacha20poly1305Seal(key, NONCE, answer, bytesOfHex(hex)!);
    this.#write([recordOf(hex, joinBytes(new Uint8Array([ANSWERED]), sealed))], done);
  }

  /** Forgets what is over, some of it at a time. */
  tidy(): void {
    if (this.#until === null || this.#isForgetting) return;
    const now = Math.floor(this.#desk.unixMs / 1000);
    const over: string[] = [];
    for (const [hex, until] of this.#until) if (until <= now && over.length < PAGE) over.push(hex);
    if (over.length === 0) return;
    this.#isForgetting = true;
    // The list goes last: what is still in it is looked at again.
    this.#desk.ask({ kind: 'erase', contexts: over.map(contextOf), lease }, (outcome) => {
      if (outcome.kind === 'erased') this.#unlist(over);
      else this.#isForgetting = false;
    });
  }

  #unlist(over: readonly string[]): void {
    const gone = over.map((name): Operation => ({ op: 'member', context: this.#list, lease, name, sequence: 0 }));
    this.#write(gone, (isDurable) => {
      this.#isForgetting = false;
      if (isDurable) for (const hex of over) this.#until?.delete(hex);
    });
  }

  #page(above: string, known: (readonly [string, number])[]): void {
    this.#desk.ask({ kind: 'members', context: this.#list, above, rowsMax: PAGE }, (outcome) => {
      if (outcome.kind !== 'members') {
        this.#desk.timer('mor requests', requestLimits.retryMs, () => this.#page(above, known));
        return;
      }
      const all = [...known, ...outcome.members.map(({ name, sequence }) => [name, sequence] as const)];
      if (outcome.members.length === PAGE) this.#page(outcome.members.at(-1)!.name, all);
      else this.#until = new Map(all.toSorted(([, one], [, other]) => one - other));
    });
  }

  #read(value: Uint8Array, hex: string, key: Uint8Array): KeptAnswer {
    if (value[0] !== ANSWERED) return { kind: 'begun' };
    const { suite } = this.#desk.options;
    const answer = suite.chacha20poly1305Open(key, NONCE, value.subarray(1), bytesOfHex(hex)!);
    return answer === null ? { kind: 'begun' } : { kind: 'answered', answer };
  }

  #write(operations: readonly Operation[], done: (isDurable: boolean) => void): void {
    this.#desk.ask({ kind: 'write', operations }, (outcome) => done(outcome.kind === 'written'));
  }
}

const contextOf = (hex: string): string => `request ${hex}`;

const recordOf = (hex: string, value: Uint8Array): Operation => ({
  op: 'record',
  context: contextOf(hex),
  lease,
  name: 'answer',
  value,
});
