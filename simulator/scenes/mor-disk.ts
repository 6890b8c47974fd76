/** What a listener keeps, as rows of a log: batches as they were written, and what is left of them. docs/simulator.md#onions */
import { bytesOfHex, hexOf, textBytes } from '../../crypto/bytes.ts';
import type { Batch, KeptTag } from '../../listener-bots/ledger.ts';
import type { Slot, SpentMark } from '../../listener-bots/slots.ts';
import { decodeText } from '../../psyc/bytes.ts';

/** What one row adds and takes away. */
export type Kept = Omit<Batch, 'batch'>;

/** What is left of all rows. */
export interface Left {
  readonly tags: readonly KeptTag[];
  readonly marks: readonly SpentMark[];
  readonly slots: readonly Slot[];
}

const bytes = (hex: string): Uint8Array => bytesOfHex(hex) ?? new Uint8Array(0);

/** A row's bytes. */
export const renderKept = ({ tags, marks, burnt, deposits }: Kept): Uint8Array =>
  textBytes(
    JSON.stringify([
      tags.map(({ key, tag, untilSeconds }) => [key, hexOf(tag), untilSeconds]),
      marks.map(({ mark, untilSeconds }) => [hexOf(mark), untilSeconds]),
      burnt.map(hexOf),
      deposits.map(({ secret, untilSeconds }) => [hexOf(secret), untilSeconds]),
    ]),
  );

/** What is left of rows, in their order. */
export function readKept(rows: readonly Uint8Array[]): Left {
  const tags: KeptTag[] = [];
  const marks: SpentMark[] = [];
  const slots = new Map<string, number>();
  for (const row of rows) {
    const [kept, spent, burnt, deposits] = JSON.parse(decodeText(row)) as [
      [string, string, number | null][],
      [string, number][],
      string[],
      [string, number][],
    ];
    tags.push(...kept.map(([key, tag, untilSeconds]) => ({ key, tag: bytes(tag), untilSeconds })));
    marks.push(...spent.map(([mark, untilSeconds]) => ({ mark: bytes(mark), untilSeconds })));
    for (const [secret, untilSeconds] of deposits) slots.set(secret, untilSeconds);
    for (const secret of burnt) slots.delete(secret);
  }
  return { tags, marks, slots: [...slots].map(([secret, untilSeconds]) => ({ secret: bytes(secret), untilSeconds })) };
}
