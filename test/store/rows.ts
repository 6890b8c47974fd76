/** Rows for tests of stores, those without jest as well. docs/spec/federation.md#store */
import type { Append, SetRecord } from '../../store/store.ts';

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

/** A record whose value is a text. */
export const record = (context: string, name: string, value: string, changes: Partial<SetRecord> = {}): SetRecord => ({
  op: 'record',
  context,
  lease: 1,
  name,
  value: bytes(value),
  ...changes,
});
