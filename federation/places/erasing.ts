/** What a place, or the mirror of one, has kept long enough: rows whose words are taken out of the store, from the first on. docs/spec/places.md#erasing */
import { parseOne } from '../../circuit/one-packet.ts';
import { render } from '../../psyc/render.ts';
import type { Operation, Row } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import { refusalIn } from '../inbox.ts';
import { letterBytes, parseLetter, readdress } from '../letter.ts';
import { ERASED_METHOD } from './multicast.ts';
import type { PlaceState } from './place-state.ts';
import type { Roll } from './roll.ts';

/** The mark of the last row that is erased. */
export const ERASED = 'erased rows';
/** Rows of one write; and how many more than allowed there are before they are taken out, unless time has come or somebody asks. */
const PIECE = 64;
const dayMs = 86_400_000;

/** When a row came, as its note says, Unix milliseconds; null: it is from before there were notes. */
export function timeOf(row: Row): number | null {
  const text = parseLetter(row.packet).routing.get('_time');
  return text === undefined ? null : Number(text);
}

/** The row without what was said: who, under which numbers, and nothing else. */
function stubOf({ packet: bytes }: Row): Uint8Array {
  const { routing } = parseLetter(bytes);
  const nothing = parseOne(render({ method: ERASED_METHOD }));
  return letterBytes(readdress(Object.fromEntries(routing), nothing));
}

/** What is kept: so many rows, for so many days (null: no limit), and nothing up to the row `cleared`. */
export type Keeping = Pick<PlaceState, 'rows' | 'days' | 'cleared'>;

/** One place's eraser. */
export class Eraser {
  readonly #place: string;
  readonly #desk: Desk;
  readonly #roll: Roll;
  readonly #state: () => Keeping;
  readonly #rested: () => void;
  #erased = 0;
  #isWorking = false;
  #isTicking = false;

  /** `roll` has the marks of its context; `rested`: nothing more is to be done for now. */
  constructor(place: string, desk: Desk, roll: Roll, state: () => Keeping, rested: () => void = () => {}) {
    this.#place = place;
    this.#desk = desk;
    this.#roll = roll;
    this.#state = state;
    this.#rested = rested;
  }

  /** Whether the place must stay awake: for what is being erased, or grows old. */
  get isNeeded(): boolean {
    return this.#isWorking || this.#state().days !== null;
  }

  /** Whether something is being erased. */
  get isWorking(): boolean {
    return this.#isWorking;
  }

  /** Whether something was said that is not erased. */
  get isLeft(): boolean {
    return this.#erased < this.#roll.last;
  }

  /** Up to here nobody is given anything any more. */
  get hidden(): number {
    const { cleared, rows } = this.#state();
    return Math.max(this.#erased, cleared, rows === null ? 0 : this.#roll.last - rows);
  }

  /** The store has been read. */
  loaded(): void {
    this.#erased = Math.max(this.#erased, this.#roll.marks.get(ERASED) ?? 0);
    this.#tick();
  }

  /** The log has grown, or what is to be kept has changed. */
  changed(): void {
    const { cleared, days } = this.#state();
    if (cleared > this.#erased || this.hidden - this.#erased >= PIECE) this.#work(false);
    if (days !== null && !this.#isTicking) this.#tick();
  }

  #tick(): void {
    this.#work(true);
    this.#isTicking = this.#state().days !== null;
    if (!this.#isTicking) return;
    const { eraseMs } = this.#desk.options.federationLimits;
    this.#desk.timer(`erase ${this.#place}`, eraseMs, () => this.#tick());
  }

  /** `isOld`: whether rows are looked at for their age, too. */
  #work(isOld: boolean): void {
    const { days } = this.#state();
    const isLeft = this.#erased < this.hidden || (isOld && days !== null && this.#erased < this.#roll.last);
    if (this.#isWorking) return;
    if (!isLeft) {
      this.#rested();
      return;
    }
    this.#isWorking = true;
    const asked = { kind: 'read', context: this.#place, after: this.#erased, rowsMax: PIECE } as const;
    this.#desk.ask(asked, (outcome) => {
      if (outcome.kind === 'rows') this.#erase(outcome.rows, isOld);
      else this.#again(isOld);
    });
  }

  #erase(rows: readonly Row[], isOld: boolean): void {
    const { days } = this.#state();
    const sinceMs = days === null || !isOld ? Number.NEGATIVE_INFINITY : this.#desk.unixMs - days * dayMs;
    const isOver = (row: Row): boolean =>
      row.sequence <= this.hidden || (timeOf(row) ?? Number.NEGATIVE_INFINITY) < sinceMs;
    const first = rows.findIndex((row) => !isOver(row));
    const over = first === -1 ? rows : rows.slice(0, first);
    const last = over.at(-1);
    if (last === undefined) {
      this.#isWorking = false;
      this.#rested();
      return;
    }
    const at = { context: this.#place, lease } as const;
    const operations: Operation[] = [
      ...over.map((row): Operation => ({ op: 'replace', ...at, sequence: row.sequence, packet: stubOf(row) })),
      { op: 'mark', ...at, name: ERASED, sequence: last.sequence },
    ];
    this.#desk.ask({ kind: 'write', operations }, (outcome) => {
      if (outcome.kind !== 'written') {
        if (refusalIn(outcome).again === 'later') this.#again(isOld);
        else this.#isWorking = false;
        return;
      }
      this.#erased = last.sequence;
      this.#isWorking = false;
      this.#work(isOld);
    });
  }

  #again(isOld: boolean): void {
    const { retryMsMax } = this.#desk.options.deliveryLimits;
    this.#desk.timer(`erase again ${this.#place}`, retryMsMax, () => {
      this.#isWorking = false;
      this.#work(isOld);
    });
  }
}
