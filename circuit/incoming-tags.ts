/** Which packets have the newest numbers of an author: what was refused is taken after all where a copy of it comes later, and its number may be another packet's by then. docs/spec/federation.md#incoming */
import type { SparseMap } from '../psyc/sparse.ts';
import type { Arrival, IncomingEffect } from './incoming-events.ts';

/** By number, the oldest first: tags of what is in the log, or on its way to it. */
export type Tags = SparseMap<number, string>;

/** Of how many numbers: an author says one thing at a time, or a few. */
const TAGS_MAX = 8;

/** Notes what has a number. */
export function tagged(tags: Tags, counter: number, tag: string): void {
  tags.set(counter, tag);
  for (const oldest of tags.keys()) if (tags.size > TAGS_MAX) tags.delete(oldest);
}

/** The answer to a number that is in the log: its acknowledgement was lost on the way, and the packet is here; or it is another packet, to be numbered anew. */
export const answerTo = <Token>(tags: Tags, { counter, tag, token }: Arrival<Token>): IncomingEffect<Token> =>
  tag !== undefined && (tags.get(counter) ?? tag) !== tag
    ? { kind: 'refuse', token, code: '_used_counter' }
    : { kind: 'acknowledge', token };
