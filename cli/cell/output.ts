/** What `p3do cell` writes: bytes as they are, or one line of JSON with all that is known of them. docs/spec/onion.md#by-hand */
import { hexOf } from '../../crypto/bytes.ts';

/** How a subcommand is asked to answer. */
export interface Form {
  readonly json?: true;
}

/** Bytes on standard output, or the object with every byte string in hexadecimal. */
export function answer({ json }: Form, bytes: Uint8Array | string, object: object): void {
  process.stdout.write(json ? `${JSON.stringify(object, hexadecimal)}\n` : bytes);
}

const hexadecimal = (_: string, value: unknown): unknown => (value instanceof Uint8Array ? hexOf(value) : value);
