/** Rows for tests that run without jest. */
import type { Append } from '../../../store/store.ts';

/** UTF-8 of a text. */
export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** An append whose author, id and packet follow from a number. */
export const append = (context: string, number: number, changes: Partial<Append> = {}): Append => ({
  op: 'append',
  context,
  lease: 1,
  author: bytes('ada'),
  id: bytes(`id ${number}`),
  packet: bytes(`packet ${number}`),
  ...changes,
});
