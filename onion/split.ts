/** A message cut into shards, each for a cell of its own. docs/spec/shards.md#cutting */
import { lengths, type Suite } from '../crypto/suite.ts';
import { joinBytes } from '../crypto/bytes.ts';
import { NONCE } from './body.ts';
import { spareOf } from './erasure.ts';
import { OnionError } from './error.ts';
import type { Random } from './keys.ts';
import { blockContext, renderShard, shardBytes, SHARD_ID_BYTES, shardDataMax } from './shard.ts';
import { shardLimits } from './shard-limits.ts';
import { shareKey } from './secret-sharing.ts';

const { messageBytesMax, neededMax, shardsMax, sparePercent } = shardLimits;

/** Bytes of a message that fit into one block. */
const blockBytesMax = neededMax * shardDataMax - lengths.tag;

/** How the first byte of what is cut says it is written. */
export const PLAIN = 0;
export const PACKED = 1;

/** Packs bytes (RFC 1952), and unpacks them; null where they are not that, or become more than so many. */
export interface Gzip {
  readonly pack: (bytes: Uint8Array) => Uint8Array;
  readonly unpack: (bytes: Uint8Array, bytesMax: number) => Uint8Array | null;
}

/** How a sender wants it. */
export interface Cutting {
  /** Shards more than are needed, in percent of these, rounded up. */
  readonly sparePercent?: number;
  /** Given where all of the message is its sender's own, or it could be measured; then it is packed if that saves a shard. */
  readonly gzip?: Gzip;
}

/** A message as cells carry it: for each block the contents, of which any m are needed. */
export interface Cut {
  readonly id: Uint8Array;
  readonly blocks: readonly { readonly m: number; readonly contents: readonly Uint8Array[] }[];
}

/**
 * Cuts a message. Draws the id, 16 bytes, then for each block its key (32 bytes) and the coefficients of the key's shares. Throws
 * OnionError `_onion_oversized_message` above `messageBytesMax`.
 */
export function cutMessage(suite: Suite, message: Uint8Array, random: Random, cutting: Cutting = {}): Cut {
  if (message.length > messageBytesMax) {
    throw new OnionError(
      '_onion_oversized_message',
      `a message has up to ${messageBytesMax} bytes, not ${message.length}`,
    );
  }
  const id = random(SHARD_ID_BYTES);
  const written = writtenOf(message, cutting.gzip);
  const blocks = Math.ceil(written.length / blockBytesMax);
  const pieceBytes = Math.ceil(written.length / blocks);
  const percent = cutting.sparePercent ?? sparePercent;
  return {
    id,
    blocks: Array.from({ length: blocks }, (_, block) => {
      const piece = written.subarray(block * pieceBytes, (block + 1) * pieceBytes);
      return cutBlock(suite, { id, block, blocks, piece, percent }, random);
    }),
  };
}

/** The message behind the byte that says how it is written. */
function writtenOf(message: Uint8Array, gzip: Gzip | undefined): Uint8Array {
  const packed = gzip?.pack(message);
  const isSmaller = packed !== undefined && neededFor(packed.length) < neededFor(message.length);
  // What would become too big for its reader is sent as it is.
  const isReadable = packed !== undefined && message.length <= packed.length * shardLimits.inflationMax;
  return isSmaller && isReadable
    ? joinBytes(new Uint8Array([PACKED]), packed)
    : joinBytes(new Uint8Array([PLAIN]), message);
}

const neededFor = (bytes: number): number => Math.ceil((bytes + 1 + lengths.tag) / shardDataMax);

interface Piece {
  readonly id: Uint8Array;
  readonly block: number;
  readonly blocks: number;
  readonly piece: Uint8Array;
  readonly percent: number;
}

function cutBlock(suite: Suite, { id, block, blocks, piece, percent }: Piece, random: Random) {
  const { length } = piece;
  const m = Math.ceil((length + lengths.tag) / shardDataMax);
  const n = Math.min(shardsMax, m + Math.ceil((m * percent) / 100));
  const name = { id, block, blocks, m, n, length };
  const key = random(lengths.key);
  const shares = shareKey(key, m, n, random);
  const dataBytes = shardBytes(length, m);
  const padded = new Uint8Array(m * dataBytes);
  padded.set(suite.chacha20poly1305Seal(key, NONCE, piece, blockContext(name)));
  const first = Array.from({ length: m }, (_, at) => padded.subarray(at * dataBytes, (at + 1) * dataBytes));
  const data = [...first, ...spareOf(first, n)];
  return {
    m,
    contents: data.map((bytes, index) => renderShard({ ...name, index, share: shares[index]!, data: bytes })),
  };
}
