/** Files of one person's publications on the disk: a context for each, its rows the chunks, and a list of them. docs/spec/attachments.md#kept */
import { backoffMs } from '../../circuit/backoff.ts';
import { bytesOfHex, hexOf, uint32, uint64 } from '../../crypto/bytes.ts';
import type { Attachment } from '../../publication/attachment.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import { remember } from '../remember.ts';
import { Turns } from '../turns.ts';

const PAGE_ROWS = 512;
/** Files of which it is remembered how many chunks are there. */
const AMOUNTS_MAX = 64;
/** No file has so many chunks: who asks behind it is told how many there are, and given none. */
const BEYOND = 65_536;
const TIME_DIGITS = 16;
const ID_DIGITS = 64;

/** The list of the files in somebody's publications. */
const listOf = (feed: string): string => `attachments of ${feed}`;

/** Where one of them is; `id`: of its publication, in hexadecimal. */
const contextOf = (feed: string, id: string): string => `attachment ${id} of ${feed}`;

/** A file that is here, wholly or in part. */
interface Kept {
  /** In the list: by time, then by id, then its bytes. */
  readonly name: string;
  readonly timeMs: number;
  readonly bytes: number;
  /** Of its publication. */
  readonly row: number;
}

/** A chunk to be kept. */
export interface Piece {
  readonly id: string;
  /** Of its publication, and the time of that. */
  readonly row: number;
  readonly timeMs: number;
  readonly attachment: Attachment;
  readonly index: number;
  readonly chunk: Uint8Array;
  /** Operations beside the last chunk. */
  readonly beside: readonly Operation[];
}

/** What became of it: how many chunks are there now; the ones before it are missing; there is no room for it; nobody knows. */
export type Added = number | 'missing' | 'full' | 'later';

/** One feed's. */
export class AttachmentFiles {
  readonly #feed: string;
  readonly #desk: Desk;
  /** What there is room for, and whether older files make room for newer ones. */
  readonly #bytesMax: number;
  readonly #isRolling: boolean;
  readonly #kept = new Map<string, Kept>();
  readonly #amounts = new Map<string, number>();
  readonly #turns: Turns;
  #bytes = 0;
  #isKnown = false;
  #failures = 0;

  constructor(feed: string, desk: Desk, { bytesMax, isRolling }: { bytesMax: number; isRolling: boolean }) {
    this.#feed = feed;
    this.#desk = desk;
    this.#bytesMax = bytesMax;
    this.#isRolling = isRolling;
    this.#turns = new Turns(desk.options.federationLimits.lettersMax);
  }

  /** What is being done. */
  get count(): number {
    return this.#turns.count;
  }

  /** Whether the list has been read. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** The row of the publication that it belongs to; null: it is not here, or the list was not read. */
  rowOf(id: string): number | null {
    return this.#kept.get(id)?.row ?? null;
  }

  /** Keeps a chunk, behind those that are there. */
  add(piece: Piece, done: (added: Added) => void): void {
    this.#turn<Added>(
      (over) => {
        this.#amount(piece.id, (amount) => {
          if (amount === null) over('later');
          else if (piece.index < amount) over(amount);
          else if (piece.index > amount) over('missing');
          else this.#makeRoom(piece, (isRoom) => (isRoom === true ? this.#write(piece, over) : over(isRoom)));
        });
      },
      done,
      'later',
    );
  }

  /** A chunk that is there; null: it is not; 'later': nobody knows. */
  read(id: string, index: number, found: (chunk: Uint8Array | null | 'later') => void): void {
    const asked = { kind: 'read', context: contextOf(this.#feed, id), after: index, rowsMax: 1 } as const;
    this.#desk.ask(asked, (outcome) => found(outcome.kind === 'rows' ? (outcome.rows[0]?.packet ?? null) : 'later'));
  }

  /** How many chunks of it are there; null: nobody knows. */
  amount(id: string, found: (amount: number | null) => void): void {
    this.#turn<number | null>((over) => this.#amount(id, over), found, null);
  }

  /** How many there are, their bytes, and what there is room for; null: too much is being done. */
  sizes(
    found: (sizes: { readonly files: number; readonly bytes: number; readonly bytesMax: number } | null) => void,
  ): void {
    this.#turn<Parameters<typeof found>[0]>(
      (over) => over({ files: this.#kept.size, bytes: this.#bytes, bytesMax: this.#bytesMax }),
      found,
      null,
    );
  }

  /** Nothing of it stays. False: nobody knows. */
  remove(id: string, done: (isGone: boolean) => void): void {
    this.#turn<boolean>((over) => this.#remove(id, over), done, false);
  }

  /** One after the other, behind the list. `busy`: the answer where too much is being done. */
  #turn<T>(task: (over: (answer: T) => void) => void, done: (answer: T) => void, busy: T): void {
    const isTaken = this.#turns.take((next) => {
      const over = (answer: T): void => {
        next();
        done(answer);
      };
      if (this.#isKnown) task(over);
      else this.#load(() => task(over));
    });
    if (!isTaken) done(busy);
  }

  #load(known: () => void, above = ''): void {
    this.#desk.ask({ kind: 'members', context: listOf(this.#feed), above, rowsMax: PAGE_ROWS }, (outcome) => {
      if (outcome.kind !== 'members') {
        const { retryMsMin, retryMsMax } = this.#desk.options.deliveryLimits;
        const delayMs = backoffMs(this.#failures++, retryMsMin, retryMsMax);
        this.#desk.timer(`attachments ${this.#feed}`, delayMs, () => this.#load(known, above));
        return;
      }
      for (const { name, sequence } of outcome.members) this.#enter(name, sequence);
      if (outcome.members.length === PAGE_ROWS) this.#load(known, outcome.members.at(-1)!.name);
      else {
        this.#isKnown = true;
        known();
      }
    });
  }

  #enter(name: string, row: number): void {
    const timeMs = Number.parseInt(name.slice(0, TIME_DIGITS), 16);
    const bytes = Number.parseInt(name.slice(TIME_DIGITS + ID_DIGITS), 16);
    const id = name.slice(TIME_DIGITS, TIME_DIGITS + ID_DIGITS);
    if (!this.#kept.has(id)) this.#bytes += bytes;
    this.#kept.set(id, { name, timeMs, bytes, row });
  }

  #amount(id: string, found: (amount: number | null) => void): void {
    const known = this.#kept.has(id) ? this.#amounts.get(id) : 0;
    if (known !== undefined) {
      found(known);
      return;
    }
    const asked = {
      kind: 'read',
      context: contextOf(this.#feed, id),
      after: BEYOND,
      rowsMax: 1,
    } as const;
    this.#desk.ask(asked, (outcome) => {
      if (outcome.kind === 'rows') remember(this.#amounts, id, outcome.last, AMOUNTS_MAX);
      found(outcome.kind === 'rows' ? outcome.last : null);
    });
  }

  /** Older files go where newer ones need their room; at their author's home nothing goes by itself. */
  #makeRoom({ id, attachment: { bytes }, timeMs }: Piece, made: (isRoom: true | 'full' | 'later') => void): void {
    if (this.#kept.has(id) || this.#bytes + bytes <= this.#bytesMax) {
      made(true);
      return;
    }
    const older = [...this.#kept].filter(([, kept]) => kept.timeMs < timeMs);
    const [oldest] = older.sort(([, one], [, other]) => (one.name < other.name ? -1 : 1));
    const most = older.reduce((sum, [, kept]) => sum + kept.bytes, 0);
    if (!this.#isRolling || oldest === undefined || this.#bytes - most + bytes > this.#bytesMax) {
      made('full');
      return;
    }
    this.#remove(oldest[0], (isGone) => {
      if (isGone) this.#makeRoom({ id, attachment: { bytes }, timeMs } as Piece, made);
      else made('later');
    });
  }

  #write({ id, row, timeMs, attachment, index, chunk, beside }: Piece, done: (added: Added) => void): void {
    const name = `${hexOf(uint64(timeMs))}${id}${hexOf(uint32(attachment.bytes))}`;
    const context = contextOf(this.#feed, id);
    const isLast = index === attachment.digests.length - 1;
    const operations: Operation[] = [
      { op: 'append', context, lease, author: bytesOfHex(id)!, id: uint32(index), packet: chunk },
      ...(index === 0 ? [{ op: 'member', context: listOf(this.#feed), lease, name, sequence: row } as const] : []),
      ...(isLast ? beside : []),
    ];
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind !== 'written') {
        // It may have been written after all.
        this.#amounts.delete(id);
        if (index === 0) this.#isKnown = false;
        done('later');
        return;
      }
      if (index === 0) this.#enter(name, row);
      remember(this.#amounts, id, index + 1, AMOUNTS_MAX);
      done(index + 1);
    });
  }

  #remove(id: string, done: (isGone: boolean) => void): void {
    const kept = this.#kept.get(id);
    if (kept === undefined) {
      done(true);
      return;
    }
    this.#desk.ask({ kind: 'erase', contexts: [contextOf(this.#feed, id)], lease }, (outcome) => {
      this.#amounts.delete(id);
      if (outcome.kind !== 'erased') {
        done(false);
        return;
      }
      const out = { op: 'member', context: listOf(this.#feed), lease, name: kept.name, sequence: 0 } as const;
      this.#desk.ask({ kind: 'write', operations: [out] }, (written) => {
        if (written.kind === 'written' && this.#kept.delete(id)) this.#bytes -= kept.bytes;
        done(written.kind === 'written');
      });
    });
  }
}

/** All contexts of somebody's files, for whoever erases them; null: the store does not answer. */
export function attachmentContexts(
  desk: Desk,
  feed: string,
  found: (contexts: string[] | null) => void,
  above = '',
  before: readonly string[] = [],
): void {
  desk.ask({ kind: 'members', context: listOf(feed), above, rowsMax: PAGE_ROWS }, (outcome) => {
    if (outcome.kind !== 'members') {
      found(null);
      return;
    }
    const names = outcome.members.map(({ name }) => name);
    const contexts = [
      ...before,
      ...names.map((name) => contextOf(feed, name.slice(TIME_DIGITS, TIME_DIGITS + ID_DIGITS))),
    ];
    if (names.length === PAGE_ROWS) attachmentContexts(desk, feed, found, names.at(-1), contexts);
    else found([...contexts, listOf(feed)]);
  });
}
