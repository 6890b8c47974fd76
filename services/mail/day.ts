/** How many letters were sent on a day, and to whom, as far as it takes to say no to more. docs/spec/mail.md#days */
import { bytesOfHex, hexOf, joinBytes, textBytes, uint32 } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';

const VERSION = 1;
const KEY_BYTES = 32;
const HEAD_BYTES = 5 + KEY_BYTES;
const NAME_BYTES = 8;
const ENTRY_BYTES = NAME_BYTES + 4;

/** One UTC day. */
export interface MailDay {
  /** Days since 1970. */
  readonly day: number;
  /** Drawn for it: whoever has yesterday's record cannot join its addresses with today's. */
  readonly key: Uint8Array;
  /** Letters by the address that they went to: 8 bytes of its keyed hash, hexadecimal. */
  readonly counts: ReadonlyMap<string, number>;
}

/** A day on which nothing was sent. */
export const newDay = (suite: Suite, day: number): MailDay => ({
  day,
  key: suite.random(KEY_BYTES),
  counts: new Map(),
});

/** With one letter more to this address, whose domain is in lower case; or why there is none. */
export function withLetter(
  suite: Suite,
  { day, key, counts }: MailDay,
  address: string,
  most: { readonly lettersOfDay: number; readonly lettersToOne: number },
): MailDay | '_mail_excessive_letters' | '_mail_excessive_recipient' {
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (all >= most.lettersOfDay) return '_mail_excessive_letters';
  // One mailbox as a rule, however its name is written.
  const name = hexOf(suite.blake2b(textBytes(address.toLowerCase()), NAME_BYTES, key));
  const count = counts.get(name) ?? 0;
  if (count >= most.lettersToOne) return '_mail_excessive_recipient';
  return { day, key, counts: new Map([...counts, [name, count + 1]]) };
}

/** As a record of the store. */
export const renderDay = ({ day, key, counts }: MailDay): Uint8Array =>
  joinBytes(
    new Uint8Array([VERSION]),
    uint32(day),
    key,
    ...[...counts].flatMap(([name, count]) => [bytesOfHex(name)!, uint32(count)]),
  );

/** null: these bytes are none. */
export function parseDay(bytes: Uint8Array): MailDay | null {
  const count = (bytes.length - HEAD_BYTES) / ENTRY_BYTES;
  if (bytes[0] !== VERSION || !Number.isInteger(count) || count < 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const entries = Array.from({ length: count }, (_, at): [string, number] => {
    const from = HEAD_BYTES + at * ENTRY_BYTES;
    return [hexOf(bytes.subarray(from, from + NAME_BYTES)), view.getUint32(from + NAME_BYTES)];
  });
  return { day: view.getUint32(1), key: bytes.slice(5, HEAD_BYTES), counts: new Map(entries) };
}
