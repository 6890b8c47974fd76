/** What a gateway keeps of a letter beside its words and what came of it. docs/spec/mail.md#store */
import { hexOf, joinBytes, uint32 } from '../../crypto/bytes.ts';
import { lengths } from '../../crypto/suite.ts';
import { mailIdBytes } from './letter.ts';

const STATES = ['waiting', 'sent', 'failed'] as const;

/** One letter. */
export interface LetterRecord {
  readonly state: (typeof STATES)[number];
  /** When it came, and until when it is kept, Unix seconds. */
  readonly since: number;
  readonly until: number;
  readonly key: Uint8Array;
  /** Of all that it says, 32 bytes; zeros when it has been sent, since who has it could try what it said. */
  readonly digest: Uint8Array;
  /** Its tickets' names, and whether each has been used. */
  readonly tickets: readonly { readonly name: Uint8Array; readonly isUsed: boolean }[];
}

const VERSION = 1;
const DIGEST_BYTES = 32;
const KEY = 10;
const DIGEST = KEY + lengths.x25519;
const TICKETS = DIGEST + DIGEST_BYTES;
const TICKET_BYTES = mailIdBytes + 1;

/** As a record of the store. */
export function renderRecord({ state, since, until, key, digest, tickets }: LetterRecord): Uint8Array {
  const head = new Uint8Array([VERSION, STATES.indexOf(state)]);
  const names = tickets.map(({ name, isUsed }) => joinBytes(name, new Uint8Array([isUsed ? 1 : 0])));
  return joinBytes(head, uint32(since), uint32(until), key, digest, ...names);
}

/** null: these bytes are none. */
export function parseRecord(bytes: Uint8Array): LetterRecord | null {
  const count = (bytes.length - TICKETS) / TICKET_BYTES;
  const state = STATES[bytes[1] ?? STATES.length];
  if (bytes[0] !== VERSION || state === undefined || !Number.isInteger(count) || count < 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    state,
    since: view.getUint32(2),
    until: view.getUint32(6),
    key: bytes.slice(KEY, DIGEST),
    digest: bytes.slice(DIGEST, TICKETS),
    tickets: Array.from({ length: count }, (_, at) => {
      const from = TICKETS + at * TICKET_BYTES;
      return { name: bytes.slice(from, from + mailIdBytes), isUsed: bytes[from + mailIdBytes] === 1 };
    }),
  };
}

/** Words and address are gone: so is what would tell whether they were these. */
export const settled = (record: LetterRecord, state: 'sent' | 'failed'): LetterRecord => ({
  ...record,
  state,
  digest: new Uint8Array(DIGEST_BYTES),
});

/** With these tickets used, by their names. */
export function withUsed(record: LetterRecord, names: readonly Uint8Array[]): LetterRecord {
  const used = new Set(names.map(hexOf));
  return {
    ...record,
    tickets: record.tickets.map(({ name, isUsed }) => ({ name, isUsed: isUsed || used.has(hexOf(name)) })),
  };
}
