/** One shard: the content of a cell that carries a part of something bigger. docs/spec/shards.md#shard */
import { joinBytes, uint32 } from '../crypto/bytes.ts';
import { lengths } from '../crypto/suite.ts';
import { onionLimits } from './limits.ts';
import { shardLimits } from './shard-limits.ts';

/** A content that begins with it is a shard; no packet does. */
const SHARD = 0;
const VERSION = 1;
const ID = 2;
const NUMBERS = ID + 16;
const LENGTH = NUMBERS + 5;
const SHARE = LENGTH + 4;
const DATA = SHARE + lengths.key;

/** Bytes of a message's id. */
export const SHARD_ID_BYTES = NUMBERS - ID;

/** Bytes of data that a shard in one cell has at most. */
export const shardDataMax = onionLimits.contentBytesMax - DATA;

/** Which message, which of its blocks, and how that was cut: all shards of a block say the same. */
export interface BlockName {
  /** 16 random bytes. */
  readonly id: Uint8Array;
  /** 0 to blocks - 1. */
  readonly block: number;
  readonly blocks: number;
  /** Any m of n shards give the block. */
  readonly m: number;
  readonly n: number;
  /** Bytes of the block before it was sealed. */
  readonly length: number;
}

/** A part. */
export interface Shard extends BlockName {
  /** 0 to n - 1. */
  readonly index: number;
  /** 32 bytes: of the block's key, at the point index + 1. */
  readonly share: Uint8Array;
  /** All shards of a block have as many bytes. */
  readonly data: Uint8Array;
}

/** How many bytes of data a shard of such a block has. */
export const shardBytes = (length: number, m: number): number => Math.ceil((length + lengths.tag) / m);

/** What the block is sealed with beside its key: nobody can give it another place or size. */
export const blockContext = ({ id, block, blocks, m, n, length }: BlockName): Uint8Array =>
  joinBytes(id, new Uint8Array([block, blocks, m, n]), uint32(length));

/** The content of a cell. */
export function renderShard({ id, block, blocks, m, n, index, length, share, data }: Shard): Uint8Array {
  const numbers = new Uint8Array([block, blocks, m, n, index]);
  return joinBytes(new Uint8Array([SHARD, VERSION]), id, numbers, uint32(length), share, data);
}

/** The shard in a content, the same memory; null where it is none that anybody may send: `_onion_invalid_shard`. */
export function parseShard(content: Uint8Array): Shard | null {
  if (content.length < DATA || content[0] !== SHARD || content[1] !== VERSION) return null;
  const [block, blocks, m, n, index] = content.subarray(NUMBERS, LENGTH) as unknown as [
    number,
    number,
    number,
    number,
    number,
  ];
  const length = new DataView(content.buffer, content.byteOffset).getUint32(LENGTH);
  const data = content.subarray(DATA);
  const isSound =
    block < blocks &&
    blocks <= shardLimits.blocksMax &&
    m >= 1 &&
    m <= n &&
    m <= shardLimits.neededMax &&
    index < n &&
    n <= shardLimits.shardsMax &&
    length >= 1 &&
    data.length === shardBytes(length, m);
  if (!isSound) return null;
  return {
    id: content.subarray(ID, NUMBERS),
    block,
    blocks,
    m,
    n,
    index,
    length,
    share: content.subarray(SHARE, DATA),
    data,
  };
}
