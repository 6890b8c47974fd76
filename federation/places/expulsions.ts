/** Which row has put somebody out of a place, or keeps him out: he was not there to hear it, and is told when he asks. docs/spec/places.md#put-out */
import type { Arrival } from '../../circuit/incoming-events.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { encodeText } from '../../psyc/bytes.ts';
import type { Operation } from '../../store/store.ts';
import { type Desk, lease } from '../desk.ts';
import type { Token } from '../inbox.ts';
import { domainOf } from '../letter.ts';

/** The beginning of the mark's name, which no domain's has. */
const OUT = 'out ';
/** Of the hash of a uniform, which has no room in the name of a mark. */
const HASH_BYTES = 16;

/** Those of one place, of persons and of domains: the newest row against each. */
export class Expulsions {
  readonly #place: string;
  readonly #desk: Desk;
  /** By the name of the mark; as they are durable. */
  readonly #rows = new Map<string, number>();

  constructor(place: string, desk: Desk) {
    this.#place = place;
    this.#desk = desk;
  }

  /** The marks have been read. */
  loaded(marks: ReadonlyMap<string, number>): void {
    for (const [name, row] of marks) if (name.startsWith(OUT)) this.#set(name, row);
  }

  get count(): number {
    return this.#rows.size;
  }

  /** The newest row against somebody, or against his domain, since he was a member last; null: none that is known. */
  rowOf(person: string): number | null {
    const rows = [person, `psyc://${domainOf(person)}`].map((whom) => this.#rows.get(this.#nameOf(whom)) ?? 0);
    return Math.max(...rows) || null;
  }

  /** What is written with a row; `before`: what the same write appends before it. */
  operations(token: Token, before: readonly Arrival<Token>[]): Operation[] {
    const mark = (name: string, sequence: 'row' | -1): Operation => {
      return { op: 'mark', context: this.#place, lease, name, sequence };
    };
    const news = newsIn(token);
    if (news === null) return [];
    const name = this.#nameOf(news.whom);
    const earlier = before.flatMap((arrival) => newsIn(arrival.token) ?? []);
    if (!news.isOut) {
      const isThere = this.#rows.has(name) || earlier.some(({ whom }) => whom === news.whom);
      return isThere ? [mark(name, -1)] : [];
    }
    // Where there is no room for another, that which is the longest ago goes.
    const next = new Map(this.#rows);
    for (const { whom, isOut } of [...earlier, news]) {
      if (isOut) next.set(this.#nameOf(whom), Infinity);
      else next.delete(this.#nameOf(whom));
    }
    const over = next.size - this.#desk.options.federationLimits.expulsionsMax;
    const oldest = [...next].sort(([, one], [, other]) => one - other).slice(0, Math.max(0, over));
    const gone = oldest.map(([old]) => old);
    return [...gone.map((old) => mark(old, -1)), mark(name, 'row')];
  }

  /** A row is durable. */
  recorded(sequence: number, token: Token): void {
    const news = newsIn(token);
    if (news === null) return;
    if (news.isOut) this.#set(this.#nameOf(news.whom), sequence);
    else this.#rows.delete(this.#nameOf(news.whom));
  }

  #set(name: string, row: number): void {
    this.#rows.set(name, Math.max(row, this.#rows.get(name) ?? 0));
    const { expulsionsMax } = this.#desk.options.federationLimits;
    while (this.#rows.size > expulsionsMax) {
      const [oldest] = [...this.#rows].reduce((first, one) => (one[1] < first[1] ? one : first));
      this.#rows.delete(oldest);
    }
  }

  #nameOf(whom: string): string {
    return `${OUT}${hexOf(this.#desk.options.suite.blake2b(encodeText(whom), HASH_BYTES))}`;
  }
}

/** Against whom a row is, or whom it lets in again; null: nobody. */
function newsIn({ move, act }: Token): { readonly whom: string; readonly isOut: boolean } | null {
  if (move?.isHere === true) return { whom: move.person, isOut: false };
  if (act?.act.kind === 'kick' || act?.act.kind === 'ban') return { whom: act.act.whom, isOut: true };
  // A person was put out as long as he has not come again; of a domain nobody knows who was a member.
  const isDomain = act?.act.kind === 'unban' && !act.act.whom.includes('/~');
  return isDomain ? { whom: act.act.whom, isOut: false } : null;
}
