/** The letters that a gateway keeps, in the store: which there are, what they say until they are sent, what came of them. docs/spec/mail.md#store */
import { parseOne } from '../../circuit/one-packet.ts';
import { backoffMs } from '../../circuit/backoff.ts';
import { render } from '../../psyc/render.ts';
import { type MailLetter, type MailPacket, readMailRequest } from '../../services/mail/letter.ts';
import { type LetterRecord, parseRecord, renderRecord } from '../../services/mail/record.ts';
import { type MailDay, parseDay, renderDay } from '../../services/mail/day.ts';
import { recourse } from '../../store/errors.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';

const PAGE = 500;
/** Letters that are erased in one go. */
const ERASED_MAX = 100;

/** One letter as it is kept. */
export interface Kept {
  readonly record: LetterRecord;
  /** What it says; null when it has been sent. */
  readonly letter: MailLetter | null;
  /** How much has come of it. */
  readonly last: number;
}

/** Those of one domain, by their ids in hexadecimal. */
export class Letters {
  readonly #desk: Desk;
  readonly #list: string;
  readonly #waitingList: string;
  /** Until when each is kept, Unix seconds; null: it is not known yet which there are. */
  #until: Map<string, number> | null = null;
  /** How often something was tried again: each has a timer of its own. */
  #retries = 0;
  #isErasing = false;

  /** `uniform`: the gateway's. */
  constructor(uniform: string, desk: Desk) {
    this.#desk = desk;
    this.#list = uniform;
    this.#waitingList = `waiting at ${uniform}`;
  }

  get isKnown(): boolean {
    return this.#until !== null;
  }

  get count(): number {
    return this.#until?.size ?? 0;
  }

  has(id: string): boolean {
    return (this.#until?.get(id) ?? 0) > Math.floor(this.#desk.unixMs / 1000);
  }

  /** Reads which there are, and the day's count, until the store tells: those that wait to be sent, in no order. */
  load(known: (waiting: readonly string[], day: MailDay | null) => void): void {
    this.#members(this.#list, '', [], (all) => {
      this.#members(this.#waitingList, '', [], (waiting) => {
        this.#desk.ask({ kind: 'records', context: this.#list }, (outcome) => {
          if (outcome.kind !== 'records') {
            this.#later(0, () => this.load(known));
            return;
          }
          this.#until = new Map(all);
          const value = outcome.records.find(({ name }) => name === 'day')?.value;
          known(
            waiting.map(([id]) => id),
            value === undefined ? null : parseDay(value),
          );
        });
      });
    });
  }

  /** null: there is none any more; 'later': the store does not tell. */
  read(id: string, found: (kept: Kept | 'later' | null) => void): void {
    if (!this.has(id)) {
      found(null);
      return;
    }
    this.#desk.ask({ kind: 'records', context: contextOf(id) }, (outcome) => {
      if (outcome.kind !== 'records') {
        found('later');
        return;
      }
      const valueOf = (wanted: string): Uint8Array | undefined =>
        outcome.records.find(({ name }) => name === wanted)?.value;
      const [value, said] = [valueOf('letter'), valueOf('words')];
      const record = value === undefined ? null : parseRecord(value);
      found(
        record === null
          ? null
          : { record, letter: said === undefined ? null : this.#wordsIn(said), last: outcome.last },
      );
    });
  }

  /** One of the things that came of it; null: it has not come. */
  readTold(
    id: string,
    after: number,
    found: (row: { number: number; sealed: Uint8Array } | 'later' | null) => void,
  ): void {
    this.#desk.ask({ kind: 'read', context: contextOf(id), after, rowsMax: 1 }, (outcome) => {
      if (outcome.kind !== 'rows') found('later');
      else {
        const [row] = outcome.rows;
        found(row === undefined ? null : { number: row.sequence, sealed: row.packet });
      }
    });
  }

  /** A new one that waits to be sent, with the day's count; false: there is no room on the disk. */
  make(id: string, record: LetterRecord, said: MailPacket, day: MailDay, done: (isDurable: boolean) => void): void {
    const context = contextOf(id);
    const operations: Operation[] = [
      { op: 'record', context, lease, name: 'letter', value: renderRecord(record) },
      { op: 'record', context, lease, name: 'words', value: render(said) },
      { op: 'member', context: this.#list, lease, name: id, sequence: record.until },
      { op: 'member', context: this.#waitingList, lease, name: id, sequence: record.since },
      { op: 'record', context: this.#list, lease, name: 'day', value: renderDay(day) },
    ];
    this.#write(operations, (isDurable) => {
      if (isDurable) this.#until?.set(id, record.until);
      done(isDurable);
    });
  }

  /** It has been sent, or never will be: what it said is deleted. `told`: what came of that, sealed. Until it is durable. */
  settle(id: string, record: LetterRecord, told: Uint8Array | null, done: () => void, failures = 0): void {
    const context = contextOf(id);
    const operations: Operation[] = [
      ...(told === null ? [] : [this.#row(id, told)]),
      { op: 'record', context, lease, name: 'letter', value: renderRecord(record) },
      { op: 'record', context, lease, name: 'words', value: new Uint8Array(0) },
      { op: 'member', context: this.#waitingList, lease, name: id, sequence: 0 },
    ];
    this.#write(operations, (isDurable) => {
      // Nobody waits for it, and what was sent must not be sent again.
      if (isDurable) done();
      else this.#later(failures, () => this.settle(id, record, told, done, failures + 1));
    });
  }

  /** Something more has come of it. */
  tell(id: string, record: LetterRecord, told: Uint8Array, done: (isDurable: boolean) => void): void {
    const context = contextOf(id);
    this.#write(
      [this.#row(id, told), { op: 'record', context, lease, name: 'letter', value: renderRecord(record) }],
      done,
    );
  }

  /** Everything of these is to go; `done` says whether it is gone. The lists go last: what is still in them is looked at again. */
  erase(ids: readonly string[], done: (isGone: boolean) => void): void {
    this.#desk.ask({ kind: 'erase', contexts: ids.map(contextOf), lease }, (outcome) => {
      if (outcome.kind !== 'erased') {
        done(false);
        return;
      }
      const lists = [this.#list, this.#waitingList];
      const gone = ids.flatMap((name) =>
        lists.map((context): Operation => ({ op: 'member', context, lease, name, sequence: 0 })),
      );
      this.#write(gone, (isDurable) => {
        if (isDurable) for (const id of ids) this.#until?.delete(id);
        done(isDurable);
      });
    });
  }

  /** Erases what is over, some of it at a time. */
  tidy(): void {
    const now = Math.floor(this.#desk.unixMs / 1000);
    const over = [...(this.#until ?? [])].filter(([, until]) => until <= now).slice(0, ERASED_MAX);
    if (over.length === 0 || this.#isErasing) return;
    this.#isErasing = true;
    this.erase(
      over.map(([id]) => id),
      (isGone) => {
        this.#isErasing = false;
        if (isGone) this.tidy();
      },
    );
  }

  #row(id: string, told: Uint8Array): Operation {
    const { suite } = this.#desk.options;
    const name = suite.blake2b(told, 32);
    return { op: 'append', context: contextOf(id), lease, author: name, id: name, packet: told };
  }

  /** As it was taken; its tickets may be over by now, which is for whoever uses them to see. */
  #wordsIn(said: Uint8Array): MailLetter | null {
    const packet = parseOne(said);
    const request = readMailRequest(this.#desk.options.suite, packet, null);
    return typeof request !== 'string' && request.kind === 'send' ? request.letter : null;
  }

  #members(
    context: string,
    above: string,
    known: readonly (readonly [string, number])[],
    found: (all: readonly (readonly [string, number])[]) => void,
  ): void {
    this.#desk.ask({ kind: 'members', context, above, rowsMax: PAGE }, (outcome) => {
      if (outcome.kind !== 'members') {
        this.#later(0, () => this.#members(context, above, known, found));
        return;
      }
      const all = [...known, ...outcome.members.map(({ name, sequence }) => [name, sequence] as const)];
      if (outcome.members.length === PAGE) this.#members(context, outcome.members.at(-1)!.name, all, found);
      else found(all);
    });
  }

  /** Until it is known whether it is durable: false is never. */
  #write(operations: readonly Operation[], written: (isDurable: boolean) => void, failures = 0): void {
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      const isUnknown =
        outcome.kind === 'refused' && recourse(outcome.code) === 'later' && outcome.code !== '_store_full';
      if (isUnknown) this.#later(failures, () => this.#write(operations, written, failures + 1));
      else written(outcome.kind === 'written');
    });
  }

  #later(failures: number, again: () => void): void {
    const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`mail letters ${++this.#retries}`, backoffMs(failures, retryMsMin, retryMsMax), again);
  }
}

const contextOf = (id: string): string => `letter ${id}`;
