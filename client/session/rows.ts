/** Rows that wait to be shown: of each log in order, and together within a limit. docs/spec/people.md#shown */
import { inherits } from '../../psyc/keyword.ts';
import type { Packet } from '../../psyc/packet.ts';
import { hexOf } from '../../crypto/bytes.ts';
import { isFeed } from '../../publication/feed.ts';
import type { Attachment } from '../../publication/attachment.ts';
import type { Reference } from '../../publication/reference.ts';
import type { Heard, Output } from './events.ts';
import { sessionLimits } from './limits.ts';

/** One row, with bytes of its own. */
export interface Row {
  /** null: of the person's own log. */
  readonly place: string | null;
  readonly sequence: number;
  readonly packet: Packet;
  readonly routing: ReadonlyMap<string, string>;
  readonly command: number | null;
  /** It says who has put the person out, and comes out of turn. */
  readonly isExpulsion?: true;
  /** When it came. */
  readonly sinceMs: number;
}

/** A mark among the rows: everything before it has been shown. */
export interface PageEnd {
  readonly isEnd: true;
  readonly command: number;
  readonly place: string;
  readonly reached: number;
  readonly last: number;
  readonly erased: number;
  /** What is told instead. */
  readonly refusal?: Extract<Output, { kind: 'refused' }>;
}

/** Queues, one for each log and page. */
export class Rows {
  readonly #queues = new Map<string, (Row | PageEnd)[]>();
  #count = 0;
  #bytes = 0;

  get count(): number {
    return this.#count;
  }

  /** Whether the row found room. It is copied: the packet is valid during the call. */
  add({ packet, routing, ...row }: Row): boolean {
    const { rowsMax, rowsBytesMax } = sessionLimits;
    if (this.#count >= rowsMax || this.#bytes + packet.length > rowsBytesMax) return false;
    this.#count++;
    this.#bytes += packet.length;
    this.#queue(row.place, row.command).push({ ...row, packet: packet.copy(), routing: new Map(routing) });
    return true;
  }

  end(end: PageEnd): void {
    this.#queue(end.place, end.command).push(end);
  }

  /** Gives each queue's first, over and over, as long as `show` says that it is done with it. */
  advance(show: (row: Row | PageEnd) => boolean): void {
    for (const [name, queue] of this.#queues) {
      for (let first = queue[0]; first !== undefined && show(first); first = queue[0]) {
        queue.shift();
        if ('isEnd' in first) continue;
        this.#count--;
        this.#bytes -= first.packet.length;
      }
      if (queue.length === 0) this.#queues.delete(name);
    }
  }

  #queue(place: string | null, command: number | null): (Row | PageEnd)[] {
    const name = `${command ?? ''} ${place ?? ''}`;
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    return queue;
  }
}

/** Whether a packet of this method is a row of a person's log. */
export const isOfLog = (method: string): boolean =>
  ['_message', '_request_friendship', '_request_unfriend'].some((family) => inherits(method, family));

/** What a row tells beside its words: whether it is a stranger's to `person`; and its packet, where it was asked for. */
export const moreOf = (
  { routing, packet, command }: Row,
  person: string,
): { readonly isStranger: boolean; readonly packet?: Packet } => ({
  isStranger: routing.get('_target_relay') === `${person}#_strangers`,
  ...(command === null ? {} : { packet }),
});

/** What is told of a publication beside its words: its id, what it says of another one, and of a file. */
export function publishedIn(
  place: string | null,
  author: string,
  id: Uint8Array | null,
  reference: Reference | null,
  file: Attachment | null,
): Pick<Heard, 'publication' | 'about' | 'attachment'> {
  if (place === null || id === null || !isFeed(place)) return {};
  const of = file === null ? {} : { attachment: { bytes: file.bytes, name: file.name, type: file.type } };
  const publication = hexOf(id);
  if (reference === null) return { publication, ...of };
  const whose = reference.kind === 'reply' ? reference.author : author;
  return { publication, ...of, about: { kind: reference.kind, publication: hexOf(reference.id), author: whose } };
}
