/** What `p3do cell` reads: keys and wishes in a file of JSON, bytes on standard input. docs/spec/onion.md#by-hand */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { bytesOfHex } from '../../crypto/bytes.ts';
import { sizes } from '../../onion/sizes.ts';
import { CellError } from './errors.ts';

const INPUT_BYTES_MAX = 1_048_576;

/** So many bytes in hexadecimal of either case. */
export const hexBytes = (length: number) =>
  z.string(`takes ${2 * length} hexadecimal digits`).transform((text, context) => {
    const bytes = bytesOfHex(text.toLowerCase());
    if (bytes !== null && bytes.length === length) return bytes;
    context.addIssue(`takes ${2 * length} hexadecimal digits`);
    return z.NEVER;
  });

/** Unix seconds of a cell; without them it is now. */
export const seconds = z
  .int('takes a whole number of Unix seconds')
  .min(0)
  .max(2 ** 32 - 2 ** 20)
  .default(() => Math.floor(Date.now() / 1000));

/** The secrets from which filler comes, where it is to be a certain one. */
export const fillerSchema = z.object({ forgotten: hexBytes(32), seed: hexBytes(32) }).optional();

/** The JSON of a file. Throws CellError `_cell_invalid_input`, with the key that is wrong. */
export function readJson<T>(path: string, schema: z.ZodType<T>): T {
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error instanceof SyntaxError) throw new CellError('_cell_invalid_input', `${path} is no JSON`);
    throw error;
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { path: steps, message } = result.error.issues[0]!;
  const key = steps.reduce<string>(
    (at, step) => (typeof step === 'number' ? `${at}[${step}]` : `${at}${at && '.'}${String(step)}`),
    '',
  );
  throw new CellError('_cell_invalid_input', key === '' ? `${path}: ${message}` : `${path}: ${key} ${message}`);
}

/** All of standard input. Throws CellError `_cell_oversized_input`. */
export async function readInput(what: string): Promise<Uint8Array> {
  if (process.stdin.isTTY) process.stderr.write(`p3do cell: reading ${what} from the terminal; Ctrl-D ends it\n`);
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of process.stdin as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > INPUT_BYTES_MAX) throw new CellError('_cell_oversized_input', `${what} is longer than a megabyte`);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

/** So many bytes of standard input, a cell's or a body's. Throws CellError `_cell_invalid_input`. */
export async function readExactly(what: string, length: number = sizes.cell): Promise<Uint8Array> {
  const bytes = await readInput(what);
  if (bytes.length === length) return bytes;
  throw new CellError('_cell_invalid_input', `${what} has ${length} bytes, and on standard input are ${bytes.length}`);
}
