/** What a message carries: a text, cut into bodies of one length, and put together again. docs/spec/conversations.md#messages */
import { hexOf, joinBytes, uint32 } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { decodeTextStrict, encodeText } from '../../psyc/bytes.ts';
import { ConversationError } from './error.ts';
import { conversationLimits } from './limits.ts';
import { bodyBytes } from './ratchet.ts';

const ID_BYTES = 8;
const ID_AT = 1;
const PART_AT = ID_AT + ID_BYTES;
const HOUR_AT = PART_AT + 2;
const LENGTH_AT = HOUR_AT + 4;
const DATA_AT = LENGTH_AT + 2;
const dataBytes = bodyBytes - DATA_AT;
const KINDS = ['hello', 'text'] as const;

/** The longest text, in bytes of UTF-8. */
export const textBytesMax = dataBytes * conversationLimits.partsMax;

/** `hello`: the invitation is accepted, and nothing is said. */
type Kind = (typeof KINDS)[number];

/** A message as its author has put it together. */
export interface Letter {
  readonly kind: Kind;
  readonly text: string;
  /** By the author's clock, Unix hours. */
  readonly hour: number;
}

/** A message of which not all has come: parts by number. */
interface Partial {
  readonly kind: Kind;
  readonly hour: number;
  readonly parts: number;
  readonly data: ReadonlyMap<number, Uint8Array>;
}

/** Those of one conversation, by their ids, the oldest first. */
export type Partials = ReadonlyMap<string, Partial>;

/** Throws ConversationError `_conversation_oversized_message`. */
export function cutLetter(suite: Suite, { kind, text, hour }: Letter): Uint8Array[] {
  const bytes = encodeText(text);
  if (bytes.length > textBytesMax) {
    throw new ConversationError(
      '_conversation_oversized_message',
      `a message has ${textBytesMax} bytes at most, not ${bytes.length}`,
    );
  }
  const id = suite.random(ID_BYTES);
  const parts = Math.max(1, Math.ceil(bytes.length / dataBytes));
  return Array.from({ length: parts }, (_, part) => {
    const data = bytes.subarray(part * dataBytes, (part + 1) * dataBytes);
    const body = new Uint8Array(bodyBytes);
    body[0] = KINDS.indexOf(kind);
    body.set(id, ID_AT);
    body.set([part, parts], PART_AT);
    body.set(uint32(hour), HOUR_AT);
    body.set([data.length >>> 8, data.length], LENGTH_AT);
    body.set(data, DATA_AT);
    return body;
  });
}

/** What there is with one body more; null: it is none. A letter comes out once all its parts are there. */
export function takeBody(
  before: Partials,
  body: Uint8Array,
): { readonly partials: Partials; readonly letter: Letter | null; readonly given: number } | null {
  const kind = KINDS[body[0]!];
  const [part = 0, parts = 0] = body.subarray(PART_AT, HOUR_AT);
  const view = new DataView(body.buffer, body.byteOffset);
  const [hour, length] = [view.getUint32(HOUR_AT), view.getUint16(LENGTH_AT)];
  const isForm = part < parts && parts <= conversationLimits.partsMax && length <= dataBytes;
  if (kind === undefined || !isForm) return null;
  const id = hexOf(body.subarray(ID_AT, PART_AT));
  const known = before.get(id);
  if (known !== undefined && known.parts !== parts) return null;
  const data = new Map([...(known?.data ?? []), [part, body.slice(DATA_AT, DATA_AT + length)]]);
  const partials = new Map(before);
  partials.delete(id);
  if (data.size === parts) {
    const text = decodeTextStrict(joinBytes(...Array.from({ length: parts }, (_, at) => data.get(at)!)));
    return text === null ? null : { partials, letter: { kind, text, hour }, given: 0 };
  }
  partials.set(id, { kind, hour, parts, data });
  const [oldest] = partials.keys();
  const isTooMuch = partials.size > conversationLimits.partialMax;
  if (isTooMuch) partials.delete(oldest!);
  return { partials, letter: null, given: Number(isTooMuch) };
}
