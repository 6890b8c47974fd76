/** The log of one person's publications at this server: each once, by its id, and durable before anybody is told. docs/spec/feeds.md */
import { backoffMs } from '../../circuit/backoff.ts';
import { hexOf, joinBytes, readUint64, uint64 } from '../../crypto/bytes.ts';
import { chainOf } from '../../publication/feed.ts';
import type { Attachment } from '../../publication/attachment.ts';
import type { Publication } from '../../publication/fields.ts';
import { renderPublication } from '../../publication/packet.ts';
import { IdSet } from '../../publication/reconcile/id-set.ts';
import type { Deletion, Fields } from '../../publication/reference.ts';
import type { Operation, Row, StoreOutcome } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import { deletedRow, isDeletable } from './feed-deletion.ts';
import { refusalIn } from '../inbox.ts';

/** Rows of one page while the set is read. */
const PAGE_ROWS = 512;
const TIME_BYTES = 8;

/** A row's id: the publication's time, by which the set is in order, and its id. */
const rowId = ({ timeMs }: Fields, id: Uint8Array): Uint8Array => joinBytes(uint64(timeMs), id);

/** The publication's id in that of its row. */
export const idInRow = ({ id }: Pick<Row, 'id'>): Uint8Array => id.slice(TIME_BYTES);

type Written = Extract<StoreOutcome, { kind: 'written' }>;

/** What became of a publication: it is there now, it was there, or it found no room and must come again. */
export type Settled = 'new' | 'known' | 'lost';

/** A publication on its way into the log. */
export interface Entry {
  readonly publication: Publication;
  /** 32 bytes. */
  readonly id: Uint8Array;
  /** The domain that brought it; null: the author's own device did, here. */
  readonly from: string | null;
  /** What it deletes; null: nothing. */
  readonly deletes: Deletion | null;
  /** The file that belongs to it; null: none does. */
  readonly attachment: Attachment | null;
  /** What stands in its row instead of it: it was deleted before it came. */
  readonly row?: Uint8Array;
  readonly settled: (outcome: Settled, sequence: number) => void;
}

/** What its owner does when there is more. */
export interface FeedLogOwner {
  /** Operations beside the next append. */
  beside(): Operation[];
  /** Operations behind the append of this one. */
  marks(entry: Entry): Operation[];
  /** It is durable, by this write or by one before whose outcome nobody has heard. */
  kept(sequence: number, entry: Entry): void;
  /** A row has been added; in the order of the log, and before whoever brought it is told. */
  recorded(sequence: number, entry: Entry, packet: Uint8Array): void;
}

/** Which publications are there: their ids in the order of their times, and the row of each. */
export interface Holding {
  readonly ids: IdSet;
  readonly rows: ReadonlyMap<string, number>;
}

/** One log. */
export class FeedLog {
  readonly #context: string;
  readonly #desk: Desk;
  readonly #owner: FeedLogOwner;
  readonly #waiting: (Entry & { readonly packet: Uint8Array })[] = [];
  #waitingBytes = 0;
  #writing = 0;
  #failures = 0;
  /** What was read of the log, as long as it is of use. */
  #holding: { readonly ids: IdSet; readonly rows: Map<string, number>; read: number } | null = null;
  /** Who asks for the set, and behind how many that were taken. */
  readonly #readers: { readonly behind: number; readonly use: (holding: Holding) => void }[] = [];
  #isReading = false;
  /** How many were taken in this life, and how many of them are settled. */
  #taken = 0;
  #settled = 0;

  constructor(context: string, desk: Desk, owner: FeedLogOwner) {
    this.#context = context;
    this.#desk = desk;
    this.#owner = owner;
  }

  /** Publications taken and not durable, and questions about the set. */
  get count(): number {
    return this.#waiting.length + this.#readers.length;
  }

  /** Questions about the set that are not answered. */
  get asked(): number {
    return this.#readers.length;
  }

  queues(): [string, number][] {
    return [
      ['publications', this.#waiting.length],
      ['publication bytes', this.#waitingBytes],
      ['publication sets asked for', this.#readers.length],
    ];
  }

  /** Takes what was checked; `settled` is called once, with `lost` at once where there is no room. */
  add(entry: Entry): void {
    const { waitingMax, waitingBytesMax } = this.#desk.options.deliveryLimits;
    const packet = entry.row ?? renderPublication(entry.publication, { _context: this.#context });
    if (this.#waiting.length >= waitingMax || this.#waitingBytes + packet.length > waitingBytesMax) {
      entry.settled('lost', 0);
      return;
    }
    this.#taken++;
    this.#waiting.push({ ...entry, packet });
    this.#waitingBytes += packet.length;
    if (this.#writing === 0) this.#next();
  }

  /** Gives what is there, once all of it is read, and with it what is being written. */
  hold(use: (holding: Holding) => void): void {
    this.#readers.push({ behind: this.#taken, use });
    this.#hold();
  }

  /** Whether a publication is there, as far as the set was read; `id` in hexadecimal. */
  has(id: string): boolean {
    return this.#holding?.rows.has(id) === true;
  }

  /** The set is not needed for now: it is read again when it is. */
  release(): void {
    if (this.#readers.length === 0) this.#holding = null;
  }

  /** Rows by their numbers, until they have more than `bytesMax`; null: the store does not answer. */
  rows(numbers: readonly number[], bytesMax: number, found: (rows: readonly Row[] | null) => void): void {
    const rows: Row[] = [];
    let bytes = 0;
    const goOn = (at: number): void => {
      const number = numbers[at];
      if (number === undefined || bytes > bytesMax) {
        found(rows);
        return;
      }
      // What follows each other is read at once.
      let end = at + 1;
      while (numbers[end] === numbers[end - 1]! + 1 && end - at < PAGE_ROWS) end++;
      const page = { kind: 'read', context: this.#context, after: number - 1, rowsMax: end - at } as const;
      this.#desk.ask(page, (outcome) => {
        if (outcome.kind !== 'rows') {
          found(null);
          return;
        }
        rows.push(...outcome.rows);
        for (const { packet } of outcome.rows) bytes += packet.length;
        goOn(at + Math.max(1, outcome.rows.length));
      });
    };
    goOn(0);
  }

  /** How many go together. */
  #batch(): number {
    const { batchMax, batchBytesMax } = this.#desk.options.deliveryLimits;
    let [count, bytes] = [0, 0];
    for (const { packet, deletes } of this.#waiting) {
      const isFull = count >= batchMax || bytes + packet.length > batchBytesMax;
      // What deletes another one is written when that is there, if it comes at all.
      if (count > 0 && (isFull || deletes !== null || this.#waiting[0]!.deletes !== null)) break;
      count++;
      bytes += packet.length;
    }
    return count;
  }

  #next(): void {
    this.#writing = this.#batch();
    const [first] = this.#waiting;
    if (first === undefined) return;
    if (first.deletes === null) this.#write(this.#writing, []);
    else this.#delete(first.publication, first.deletes);
  }

  /**
   * What is deleted has a row in any case, so that it is not taken when it comes later. What was said in it goes in the same write with which the deletion becomes
   * durable.
   */
  #delete(publication: Publication, deletion: Deletion): void {
    const packet = deletedRow(this.#context, deletion, publication);
    const at = { context: this.#context, lease } as const;
    const append = { op: 'append', ...at, author: chainOf(deletion.fields), packet } as const;
    this.#insist([{ ...append, id: rowId(deletion.fields, deletion.id) }], ({ appended }) => {
      const { sequence, already } = appended[0]!;
      if (!already) {
        this.#write(1, []);
        return;
      }
      this.#desk.ask({ kind: 'read', ...at, after: sequence - 1, rowsMax: 1 }, (outcome) => {
        const row = outcome.kind === 'rows' ? outcome.rows[0] : undefined;
        if (row === undefined) this.#later(() => this.#delete(publication, deletion));
        else this.#write(1, isDeletable(row.packet) ? [{ op: 'replace', ...at, sequence, packet }] : []);
      });
    });
  }

  #write(count: number, more: readonly Operation[]): void {
    const batch = this.#waiting.slice(0, count);
    const operations = [
      ...batch.flatMap((entry) => [this.#append(entry), ...this.#owner.marks(entry)]),
      ...more,
      ...this.#owner.beside(),
    ];
    this.#insist(operations, ({ appended }) => {
      this.#done(count, (entry, at) => {
        const { sequence, already } = appended[at]!;
        this.#owner.kept(sequence, entry);
        if (!already) this.#owner.recorded(sequence, entry, entry.packet);
        entry.settled(already ? 'known' : 'new', sequence);
      });
    });
  }

  /** Writes, over and over, until it is written; what is refused for good loses what was to be written. */
  #insist(operations: readonly Operation[], written: (outcome: Written) => void): void {
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind === 'written') {
        this.#failures = 0;
        written(outcome);
        // The same rows first: whether they were written after all their ids tell.
      } else if (refusalIn(outcome).again === 'later') this.#later(() => this.#insist(operations, written));
      else this.#done(this.#writing, (entry) => entry.settled('lost', 0));
    });
  }

  #later(again: () => void): void {
    const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`feed ${this.#context}`, backoffMs(this.#failures++, retryMsMin, retryMsMax), again);
  }

  #done(count: number, settle: (entry: Entry & { readonly packet: Uint8Array }, at: number) => void): void {
    const batch = this.#waiting.splice(0, count);
    for (const { packet } of batch) this.#waitingBytes -= packet.length;
    for (const [at, entry] of batch.entries()) settle(entry, at);
    this.#settled += count;
    this.#next();
    this.#hold();
  }

  #append({ publication, id, packet }: Entry & { readonly packet: Uint8Array }): Operation {
    const author = chainOf(publication);
    return { op: 'append', context: this.#context, lease, author, id: rowId(publication, id), packet };
  }

  #hold(): void {
    if (this.#isReading || !this.#readers.some(({ behind }) => behind <= this.#settled)) return;
    this.#isReading = true;
    this.#read(this.#settled);
  }

  /** Reads what has come since the set was read last; `settled`: for whom it is enough. */
  #read(settled: number): void {
    const holding = (this.#holding ??= { ids: new IdSet(), rows: new Map(), read: 0 });
    const page = { kind: 'read', context: this.#context, after: holding.read, rowsMax: PAGE_ROWS } as const;
    this.#desk.ask(page, (outcome) => {
      if (outcome.kind !== 'rows') {
        const { retryMsMax } = this.#desk.options.deliveryLimits;
        this.#desk.timer(`feed set ${this.#context}`, retryMsMax, () => this.#read(settled));
        return;
      }
      for (const row of outcome.rows) {
        holding.read = row.sequence;
        const id = idInRow(row);
        holding.ids.add({ timeMs: readUint64(row.id, 0) ?? 0, id });
        holding.rows.set(hexOf(id), row.sequence);
      }
      if (outcome.rows.length > 0 && holding.read < outcome.last) {
        this.#read(settled);
        return;
      }
      this.#isReading = false;
      const served = this.#readers.filter(({ behind }) => behind <= settled);
      for (const reader of served) this.#readers.splice(this.#readers.indexOf(reader), 1);
      for (const { use } of served) use(holding);
      this.#hold();
    });
  }
}
