/** What was said and is not answered: read again, and given up. docs/spec/people.md#said */
import { parseOne } from '../../circuit/one-packet.ts';
import { inherits } from '../../psyc/keyword.ts';
import { type Attachment, readAttachment } from '../../publication/attachment.ts';
import { DELETION_METHOD, type Reference, readReference } from '../../publication/reference.ts';
import { textIn } from '../../publication/text.ts';
import { publicationIn } from './carried.ts';
import type { Pending, Voice } from './kept.ts';

export {
  type Attachment,
  attachmentOf,
  chunksOf,
  isChunk,
  OCTETS,
  readAttachment,
} from '../../publication/attachment.ts';
export { PublicationError } from '../../publication/error.ts';
export { lineIn, type Wanted } from '../../publication/reference.ts';

/**
 * Gives up what was not answered by these targets. Its channel is spent by that: a number that is dropped is used by nothing
 * else, and what is said next begins on another channel. What reached the home before stays before it.
 */
export function dropped<V extends Voice>(voice: V, targets: ReadonlySet<string>): V {
  const pending = voice.pending.filter(({ target }) => !targets.has(target));
  return pending.length === voice.pending.length ? voice : { ...voice, pending, isSpent: true };
}

/** What was said; null for no message, and for one that is sealed to its reader: its author cannot open it either. */
export const textOf = ({ method, bytes }: Pending): string | null =>
  inherits(method, '_message_public') ? textIn(parseOne(bytes)).text : null;

/** Whether it says that something else is not said any more. */
export const isDeletion = ({ method }: Pending): boolean => inherits(method, DELETION_METHOD);

/** The file that belongs to it; null: none does. */
export const attachmentIn = ({ bytes }: Pending): Attachment | null => readAttachment(parseOne(bytes));

/** What was said of another publication; null: nothing. */
export function referenceOf({ bytes }: Pending): Reference | null {
  const publication = publicationIn(bytes);
  return publication === null ? null : readReference(parseOne(bytes), publication);
}
