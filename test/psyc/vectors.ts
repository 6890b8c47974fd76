/** Reading the vectors of test/vectors/psyc: bytes as text of one unit a byte, with repeats for the large ones. */
import { readFileSync } from 'node:fs';

/** Text of one unit a byte (U+0000 to U+00FF), or pieces of it, some many times. */
export type Bytes = string | readonly (string | { readonly repeat: string; readonly times: number })[];

/** One packet as a vector tells it; what is left out is empty. */
export interface PacketVector {
  readonly routing?: readonly (readonly [string, string, string])[];
  readonly sync?: string;
  readonly entity?: readonly (readonly [string, string, string])[];
  readonly method?: string | null;
  readonly data?: string | null;
}

/** The vectors of one file. */
export const readVectors = <T>(name: string): T[] =>
  JSON.parse(readFileSync(new URL(`../vectors/psyc/${name}`, import.meta.url), 'utf8')) as T[];

/** The bytes a vector means. */
export function bytesOf(bytes: Bytes): Uint8Array {
  if (typeof bytes === 'string') return Uint8Array.from(Buffer.from(bytes, 'latin1'));
  const text = bytes.map((piece) => (typeof piece === 'string' ? piece : piece.repeat.repeat(piece.times))).join('');
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}

/** Bytes as a vector writes them. */
export const latin1 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
