/** Pages of a place's log that commands asked for, and why a place lets somebody in no more, which it tells as one. docs/spec/people.md#shown */
import { covers, readAct } from '../../publication/act.ts';
import { Chronicle } from './chronicle.ts';
import type { Moment, Output } from './events.ts';
import { type Asker, askPage, type Page, PATIENCE_TRIES } from './listening.ts';
import type { Packet } from '../../psyc/packet.ts';
import type { PageEnd, Row, Rows } from './rows.ts';
import { counted, domainOf } from './words.ts';

/** That something was refused. */
export type Refused = Extract<Output, { kind: 'refused' }>;

/** What a place refuses to whoever may have been put out. */
const ofOutsiders: ReadonlySet<string> = new Set(['_necessary_membership', '_necessary_invitation', '_banned_member']);

/** Whether it is to be asked who has put the person out before the refusal is told. */
export const isOutsiders = (output: Output): output is Refused & { readonly command: number } =>
  output.kind === 'refused' && output.command !== null && output.by !== null && ofOutsiders.has(output.code);

interface Asked extends Page {
  readonly place: string;
  readonly command: number;
  /** What is told at its end instead. */
  readonly refusal?: Refused;
}

/** One session's pages. */
export class Pages {
  readonly #asker: Asker & { readonly person: string };
  readonly #rows: Rows;
  readonly #pages = new Map<string, Asked>();
  /** What each page says of its authors: news there is no news here. */
  readonly #chronicles = new Map<number, Chronicle>();

  constructor(asker: Asker & { readonly person: string }, rows: Rows) {
    this.#asker = asker;
    this.#rows = rows;
  }

  get count(): number {
    return this.#pages.size;
  }

  chronicleOf(command: number | null): Chronicle | null {
    return command === null ? null : (this.#chronicles.get(command) ?? null);
  }

  placeOf(tag: string): string | null {
    return this.#pages.get(tag)?.place ?? null;
  }

  /** Whether rows of this place that come as a page may be of one of them. */
  isAsking(place: string): boolean {
    return [...this.#pages.values()].some((page) => page.place === place);
  }

  /** The rows come as `heard`, then `page`; asked for now, or with the next tick. With `refusal` who has put the person out as `expelled`, then that. */
  ask(
    command: number,
    place: string,
    after: number | null,
    limit: number,
    now: Moment,
    isAtOnce: boolean,
    refusal?: Refused,
  ): void {
    const page = { tag: this.#asker.tag(), place, command, after, limit, tries: 0, repeatAtMs: 0, reached: null };
    this.#pages.set(page.tag, { ...page, ...(refusal && { refusal }) });
    this.#chronicles.set(command, new Chronicle(new Map()));
    if (isAtOnce) askPage(this.#asker, place, this.#pages.get(page.tag)!, now);
  }

  /** Asks again for what has not come. */
  again(now: Moment, isAtOnce: boolean): void {
    for (const page of this.#pages.values()) {
      if (!isAtOnce && now.monotoneMs < page.repeatAtMs) continue;
      // That it is refused is known: by whom he was put out need not be.
      if (page.refusal !== undefined && page.tries >= PATIENCE_TRIES) this.#end(page, null);
      else askPage(this.#asker, page.place, page, now);
    }
  }

  /** Takes a row that may be of one of them; false: it is of none. */
  take(row: Row & { readonly place: string }): boolean {
    const { place, sequence } = row;
    const page = [...this.#pages.values()].find((asked) => asked.place === place && (asked.reached ?? 0) < sequence);
    if (page === undefined) return false;
    const isAnswer = page.refusal === undefined || isExpulsion(row.packet, this.#asker.person);
    page.reached = sequence;
    const more = page.refusal === undefined ? {} : { isExpulsion: true as const };
    if (isAnswer) this.#rows.add({ ...row, ...more, command: page.command });
    return true;
  }

  /** An answer with this tag; false: to none of them. */
  answered(source: string, tag: string, packet: Packet, code: string | null): boolean {
    const page = this.#pages.get(tag);
    if (page?.place !== source) return false;
    const { command } = page;
    const refused: Refused | null =
      code === null ? null : { kind: 'refused', command, target: source, code, by: domainOf(source) };
    this.#end({ ...page, ...(refused && { refusal: page.refusal ?? refused }) }, packet);
    return true;
  }

  /** Everything before the end of a page has been shown. */
  ended({ command, place, reached, last, erased, refusal }: PageEnd): Output {
    this.#chronicles.delete(command);
    return refusal ?? { kind: 'page', command, place, reached, last, erased };
  }

  #end({ tag, command, place, refusal }: Asked, packet: Packet | null): void {
    this.#pages.delete(tag);
    const number = (name: string): number => counted(packet?.text(name)) ?? 0;
    const [reached, last, erased] = [number('_after'), number('_sequence'), number('_sequence_erased')];
    this.#rows.end({ isEnd: true, command, place, reached, last, erased, ...(refusal && { refusal }) });
  }
}

/** Whether it is an act by which this person is no member any more. */
export function isExpulsion(packet: Packet, person: string): boolean {
  const act = readAct(packet);
  return (act?.kind === 'kick' || act?.kind === 'ban') && covers(act.whom, person);
}
