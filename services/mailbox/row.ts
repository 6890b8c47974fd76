/** A value as it lies on the disk: with its day and its signature, and without its address. docs/spec/mailbox.md#store */
import { joinBytes, uint32 } from '../../crypto/bytes.ts';
import { lengths } from '../../crypto/suite.ts';
import type { Signed } from './address.ts';
import { mailboxLimits } from './limits.ts';

const VERSION = 1;
const PROOF_AT = 5;
const VALUE_AT = PROOF_AT + lengths.signature;

/** One row. */
export interface MailboxRow extends Omit<Signed, 'address'> {
  /** On which it came, Unix days. */
  readonly day: number;
}

export const renderRow = ({ day, proof, value }: MailboxRow): Uint8Array =>
  joinBytes(new Uint8Array([VERSION]), uint32(day), proof, value);

/** The row in such bytes, which this program has written; null where it is none. */
export function parseRow(bytes: Uint8Array): MailboxRow | null {
  if (bytes[0] !== VERSION || bytes.length !== VALUE_AT + mailboxLimits.valueBytes) return null;
  const day = new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
  return { day, proof: bytes.subarray(PROOF_AT, VALUE_AT), value: bytes.subarray(VALUE_AT) };
}

/** Whether it is too old to be there: whatever the clock says, it has been there for so many full days. */
export const isOver = ({ day }: Pick<MailboxRow, 'day'>, today: number, valueDays: number): boolean =>
  day + valueDays + 1 <= today;
