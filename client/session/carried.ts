/** Words that one server carries and that are said again through another: the same by their signature. docs/spec/people.md#said */
import { parseOne } from '../../circuit/one-packet.ts';
import { keyOfBytes } from '../../psyc/bytes.ts';
import { inherits } from '../../psyc/keyword.ts';
import { readPublication } from '../../publication/packet.ts';
import type { Publication } from '../../publication/fields.ts';
import type { Pending, Voice } from './voice.ts';

/** What was signed in something of ours; null: nothing. */
export function publicationIn(bytes: Uint8Array): Publication | null {
  const packet = parseOne(bytes);
  return readPublication(packet, (name) => packet.ownRoute(name));
}

/** By what they are the same, under whatever numbers: the signed content. */
export const contentOf = ({ bytes }: Pending): string => keyOfBytes(parseOne(bytes).content ?? new Uint8Array(0));

/**
 * What is to be said again of what others carry, in the order in which it was signed. What is asked of a place is judged by
 * what was asked before it, and not said again elsewhere; nor what nobody has signed, which would be done twice.
 */
export function carriedBeside(own: readonly Pending[], others: readonly Pending[]): readonly Pending[] {
  const known = new Set(own.map(contentOf));
  const found: { readonly pending: Pending; readonly counter: number }[] = [];
  for (const pending of others) {
    const publication = inherits(pending.method, '_message') ? publicationIn(pending.bytes) : null;
    const content = publication === null ? '' : contentOf(pending);
    if (publication === null || known.has(content)) continue;
    known.add(content);
    found.push({ pending, counter: publication.counter });
  }
  return found.sort((one, other) => one.counter - other.counter).map(({ pending }) => pending);
}

/** A voice to which what is settled is answered: the numbers that it had stand for nothing else. */
export function without<V extends Voice>(voice: V, settled: ReadonlySet<string>): V {
  const pending = voice.pending.filter((one) => !settled.has(contentOf(one)));
  return pending.length === voice.pending.length ? voice : { ...voice, pending, isSpent: true };
}
