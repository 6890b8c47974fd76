/** The block: what a layer tells its hop, 96 bytes. docs/spec/onion.md#block */
import { joinBytes, uint32 } from '../crypto/bytes.ts';
import { OnionError } from './error.ts';
import { onionLimits } from './limits.ts';
import { sizes } from './sizes.ts';

const { delayMsMax, delayUnitMs } = onionLimits;

/** In the order of their numbers. */
const commands = ['relay', 'exit', 'discard', 'reply'] as const;

/** What the hop is to do with the cell. */
type Command = (typeof commands)[number];

const DEPOSIT = 1;
const TICKET = 2;

/** α, hint and mac of the next layer. */
export interface Next {
  readonly alpha: Uint8Array;
  readonly hint: Uint8Array;
  readonly mac: Uint8Array;
}

/** What a hop is told. */
export interface Block {
  readonly command: Command;
  /** The hop keeps the layer's deposit secret. */
  readonly isDeposit: boolean;
  /** The layer is a ticket's, in a relay: the hop seals the body itself. */
  readonly isTicket: boolean;
  /** A relay's: milliseconds that the cell waits. */
  readonly delayMs: number;
  /** Unix seconds. */
  readonly expiry: number;
  /** Relay: the next seal, or a ticket's next seal key. Reply: the ticket's id. Else zeros. 16 bytes. */
  readonly field: Uint8Array;
  /** A relay's; else null. */
  readonly next: Next | null;
}

/** The bytes of a block. Throws OnionError `_onion_invalid_route` where the delay cannot be said. */
export function renderBlock({ command, isDeposit, isTicket, delayMs, expiry, field, next }: Block): Uint8Array {
  const units = delayMs / delayUnitMs;
  if (!Number.isInteger(units) || delayMs < 0 || delayMs > (next === null ? 0 : delayMsMax)) {
    const detail = `a hop waits 0 to ${delayMsMax} ms, in steps of ${delayUnitMs}, and the last one does not wait`;
    throw new OnionError('_onion_invalid_route', detail);
  }
  const flags = (isDeposit ? DEPOSIT : 0) | (isTicket ? TICKET : 0);
  const start = new Uint8Array([commands.indexOf(command), flags, units >>> 8, units]);
  const fixed = joinBytes(start, uint32(expiry), field, new Uint8Array(8));
  const rest = next === null ? [] : [next.alpha, next.hint, next.mac];
  const block = new Uint8Array(sizes.block);
  block.set(joinBytes(fixed, ...rest));
  return block;
}

/** A block of these 96 bytes; null where a hop cannot do what it says: `_onion_invalid_block`. Its expiry is judged elsewhere. */
export function parseBlock(bytes: Uint8Array): Block | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, sizes.block);
  const [number, flags] = [bytes[0]!, bytes[1]!];
  const command = commands[number];
  const delayMs = view.getUint16(2) * delayUnitMs;
  const isRelay = command === 'relay';
  const field = bytes.subarray(8, 24);
  const next = { alpha: bytes.subarray(32, 64), hint: bytes.subarray(64, 80), mac: bytes.subarray(80, 96) };
  const isTicket = (flags & TICKET) !== 0;
  const isSound =
    command !== undefined &&
    flags <= (DEPOSIT | TICKET) &&
    delayMs <= delayMsMax &&
    isZero(bytes, 24, 32) &&
    // Else the next link would refuse the cell, and hold it against this hop.
    (isRelay ? next.alpha[31]! < 0x80 : !isTicket && delayMs === 0 && isZero(bytes, 32, sizes.block)) &&
    (isRelay || command === 'reply' || isZero(bytes, 8, 24));
  if (!isSound) return null;
  const isDeposit = (flags & DEPOSIT) !== 0;
  return { command, isDeposit, isTicket, delayMs, expiry: view.getUint32(4), field, next: isRelay ? next : null };
}

function isZero(bytes: Uint8Array, from: number, to: number): boolean {
  let all = 0;
  for (let at = from; at < to; at++) all |= bytes[at]!;
  return all === 0;
}
