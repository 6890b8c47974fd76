/** Frames of listeners, read a second way: what checkers and dishonest servers go by. docs/simulator.md#checkers */
import { digestOf } from './digest.ts';
import { readRaw, textOfBytes } from './raw-packet.ts';

const METHOD_BYTES = 10;
const CELL_BYTES = 4096;
const ENVELOPE_BYTES = 96;

/** A frame's method and data, from a packet's content; null: it is none. */
export function frameIn(content: Uint8Array): { readonly method: string; readonly data: Uint8Array } | null {
  if (content.length !== METHOD_BYTES + CELL_BYTES + 1) return null;
  const method = textOfBytes(content.subarray(0, METHOD_BYTES - 1));
  return method.startsWith('_mor_')
    ? { method, data: content.subarray(METHOD_BYTES, METHOD_BYTES + CELL_BYTES) }
    : null;
}

/** The cell in a packet; null: there is none. */
export function cellIn(packet: Uint8Array): Uint8Array | null {
  if (packet.length < CELL_BYTES) return null;
  const frame = frameIn(readRaw(packet).content);
  return frame?.method === '_mor_cell' ? frame.data : null;
}

/** The onion of a bare cell in a packet's content, or a ciphertext where it is in an envelope; null: there is no cell. */
export function onionIn(content: Uint8Array): Uint8Array | null {
  const frame = frameIn(content);
  return frame?.method === '_mor_cell' ? frame.data.subarray(ENVELOPE_BYTES) : null;
}

/** A short name for bytes. */
export const nameOf = (bytes: Uint8Array): string => digestOf(bytes).join('.');

/** A cell as checkers know it. */
export interface SeenCell {
  /** Of all 4096 bytes. */
  readonly name: string;
  /** Of what it has behind the first 96 bytes: an onion, or a ciphertext that is nowhere else. */
  readonly inner: string;
}

/** Several checkers look at one observation: each names its cell. */
const seen = new WeakMap<Uint8Array, SeenCell>();

/** The cell in a packet's content; null: there is none. */
export function cellOf(content: Uint8Array): SeenCell | null {
  const known = seen.get(content);
  if (known !== undefined) return known;
  const frame = frameIn(content);
  if (frame?.method !== '_mor_cell') return null;
  const cell = { name: nameOf(frame.data), inner: nameOf(frame.data.subarray(ENVELOPE_BYTES)) };
  seen.set(content, cell);
  return cell;
}

/** The members of a server's context: of the first, `mor`, or another. */
export type MembersOf = (host: string, context: string) => readonly string[];

/** The service in a context's uniform. */
export const serviceIn = (context: string): string => context.slice(context.indexOf('$') + 1);
