/** Messages put together of their shards, in whatever order these come. docs/spec/shards.md#assembly */
import { joinBytes } from '../crypto/bytes.ts';
import { lengths, type Suite } from '../crypto/suite.ts';
import { copyBytes, keyOfBytes } from '../psyc/bytes.ts';
import { NONCE } from './body.ts';
import { rebuild } from './erasure.ts';
import type { OnionCode } from './error.ts';
import { joinShares } from './secret-sharing.ts';
import { blockContext, type BlockName, parseShard, type Shard } from './shard.ts';
import { shardLimits } from './shard-limits.ts';
import { type Gzip, PACKED, PLAIN } from './split.ts';

/** What a kept shard takes beside its content, about: whoever sends the smallest that there are must not make much of little. */
const SHARD_OVERHEAD_BYTES = 512;

/** How long and how many at once; `shardLimits` where nobody says otherwise. */
export interface AssemblyLimits {
  readonly partsMs: number;
  readonly partedMax: number;
  readonly partedBytesMax: number;
}

/** What came of a shard. */
export type Assembled =
  /** It was new; so much of the message is there. */
  | { readonly kind: 'part'; readonly id: Uint8Array; readonly have: number; readonly need: number }
  /** It was the last that lacked. */
  | { readonly kind: 'whole'; readonly id: Uint8Array; readonly message: Uint8Array }
  /** It was there, or is no longer needed. */
  | { readonly kind: 'spare' }
  /** Nothing was kept of it; or the block of which it was the last shard that lacked was given up. */
  | { readonly kind: 'refused'; readonly code: OnionCode };

interface Block {
  readonly name: BlockName;
  readonly shards: Map<number, Shard>;
  /** What they gave; then none of them is kept. */
  readonly piece: Uint8Array | null;
}

interface Parted {
  readonly id: Uint8Array;
  readonly blocks: (Block | null)[];
  /** How many shards were new, kept or not. */
  came: number;
  /** Of shards kept. */
  bytes: number;
  untilMs: number;
}

/** Messages of which something is there. */
export class Assembly {
  readonly #suite: Suite;
  readonly #unpack: Gzip['unpack'];
  readonly #limits: AssemblyLimits;
  /** With one shard, and with more; in either who waits longest for his next one is first. */
  readonly #single = new Map<string, Parted>();
  readonly #parted = new Map<string, Parted>();
  /** Given up to make room, and not told yet. */
  #givenUp: Uint8Array[] = [];
  /** Those that are whole, so that what still comes of them begins nothing. */
  readonly #whole = new Map<string, number>();
  #bytes = 0;

  constructor(suite: Suite, unpack: Gzip['unpack'], limits: AssemblyLimits = shardLimits) {
    this.#suite = suite;
    this.#unpack = unpack;
    this.#limits = limits;
  }

  /** Messages that are being put together, and bytes kept of them. */
  get size(): { readonly messages: number; readonly bytes: number } {
    return { messages: this.#single.size + this.#parted.size, bytes: this.#bytes };
  }

  /** Takes the content of a cell, which begins with the byte 0. `nowMs` is any clock that only goes forward. */
  add(content: Uint8Array, nowMs: number): Assembled {
    // A copy: what is kept of a short one must not hold the whole cell that it came in.
    const shard = parseShard(copyBytes(content));
    if (shard === null) return { kind: 'refused', code: '_onion_invalid_shard' };
    const key = keyOfBytes(shard.id);
    if (this.#whole.has(key)) return { kind: 'spare' };
    const parted = this.#of(key) ?? begun(shard);
    const block = parted.blocks.length === shard.blocks ? (parted.blocks[shard.block] ?? blockOf(shard)) : null;
    if (block === null || !isSame(block.name, shard)) return { kind: 'refused', code: '_onion_spoilt_shard' };
    if (block.piece !== null || block.shards.has(shard.index)) return { kind: 'spare' };
    const bytes = content.length + SHARD_OVERHEAD_BYTES;
    if (!this.#makeRoom(key, bytes)) return { kind: 'refused', code: '_onion_excessive_shards' };
    this.#single.delete(key);
    this.#parted.delete(key);
    (++parted.came === 1 ? this.#single : this.#parted).set(key, parted);
    parted.blocks[shard.block] = block;
    parted.untilMs = nowMs + this.#limits.partsMs;
    block.shards.set(shard.index, shard);
    this.#count(parted, bytes);
    return block.shards.size < shard.m || this.#close(parted, block, bytes)
      ? this.#come(key, parted)
      : { kind: 'refused', code: '_onion_spoilt_shard' };
  }

  /** For each block of a message the indexes of shards that are there, and how many lack; null: nothing is there of it. */
  lacking(
    id: Uint8Array,
  ): { readonly block: number; readonly lack: number; readonly there: readonly number[] }[] | null {
    const parted = this.#of(keyOfBytes(id));
    if (parted === undefined) return null;
    return parted.blocks.flatMap((block, index) => {
      if (block === null) return [{ block: index, lack: 1, there: [] }];
      const there = [...block.shards.keys()];
      return block.piece === null ? [{ block: index, lack: block.name.m - there.length, there }] : [];
    });
  }

  /** Forgets what nothing came of for too long; gives the ids of the messages that are lost, also of those that were given up for others. */
  tidy(nowMs: number): Uint8Array[] {
    for (const [key, untilMs] of this.#whole) if (untilMs <= nowMs) this.#whole.delete(key);
    const lost = this.#givenUp;
    this.#givenUp = [];
    for (const [key, parted] of [...this.#single, ...this.#parted]) {
      if (parted.untilMs > nowMs) continue;
      this.#forget(key, parted);
      lost.push(parted.id);
    }
    return lost;
  }

  #of(key: string): Parted | undefined {
    return this.#single.get(key) ?? this.#parted.get(key);
  }

  /**
   * Room for so many bytes more of a message. Who fills it with beginnings fills it against himself: those of one shard are given
   * up first, and of them, as of the others, who waits longest. false: no other is there to be given up.
   */
  #makeRoom(key: string, bytes: number): boolean {
    const { partedMax, partedBytesMax } = this.#limits;
    const more = this.#of(key) === undefined ? 1 : 0;
    while (this.size.messages + more > partedMax || this.#bytes + bytes > partedBytesMax) {
      const victim = firstBut(this.#single, key) ?? firstBut(this.#parted, key);
      if (victim === null) return false;
      this.#forget(...victim);
      if (this.#givenUp.length < partedMax) this.#givenUp.push(victim[1].id);
    }
    return true;
  }

  #count(parted: Parted, bytes: number): void {
    parted.bytes += bytes;
    this.#bytes += bytes;
  }

  #forget(key: string, parted: Parted): void {
    this.#single.delete(key);
    this.#parted.delete(key);
    this.#bytes -= parted.bytes;
  }

  /** Rebuilds a block that has all it needs; false: they do not belong together, and are forgotten. */
  #close(parted: Parted, { name, shards }: Block, shardBytes: number): boolean {
    const piece = openBlock(this.#suite, name, [...shards.values()]);
    parted.blocks[name.block] = piece === null ? null : { name, shards: new Map(), piece };
    this.#count(parted, (piece?.length ?? 0) - name.m * shardBytes);
    return piece !== null;
  }

  #come(key: string, parted: Parted): Assembled {
    const { id, blocks } = parted;
    const pieces = blocks.flatMap((block) => block?.piece ?? []);
    if (pieces.length < blocks.length) {
      // Blocks of which nothing is there need about as much as those that are known.
      const known = blocks.filter((block) => block !== null);
      const needed = Math.max(...known.map(({ name }) => name.m));
      const have = known.reduce((sum, { name, piece, shards }) => sum + (piece === null ? shards.size : name.m), 0);
      return {
        kind: 'part',
        id,
        have,
        need: known.reduce((sum, { name }) => sum + name.m, (blocks.length - known.length) * needed),
      };
    }
    this.#forget(key, parted);
    this.#whole.set(key, parted.untilMs);
    if (this.#whole.size > this.#limits.partedMax) this.#whole.delete(this.#whole.keys().next().value!);
    const message = this.#read(joinBytes(...pieces));
    return message === null ? { kind: 'refused', code: '_onion_spoilt_shard' } : { kind: 'whole', id, message };
  }

  /** The message, of what its sender cut; null where it is too long or written in no known way. */
  #read(written: Uint8Array): Uint8Array | null {
    const { messageBytesMax, inflationMax } = shardLimits;
    const rest = written.subarray(1);
    if (written[0] === PLAIN) return rest.length <= messageBytesMax ? rest : null;
    return written[0] === PACKED ? this.#unpack(rest, Math.min(messageBytesMax, rest.length * inflationMax)) : null;
  }
}

const begun = ({ id, blocks }: Shard): Parted => ({
  id: id.slice(),
  blocks: Array.from({ length: blocks }, () => null),
  came: 0,
  bytes: 0,
  untilMs: 0,
});

/** The first that is not this one. */
function firstBut(messages: ReadonlyMap<string, Parted>, key: string): [string, Parted] | null {
  for (const entry of messages) if (entry[0] !== key) return entry;
  return null;
}

const blockOf = ({ id, block, blocks, m, n, length }: Shard): Block => ({
  name: { id: id.slice(), block, blocks, m, n, length },
  shards: new Map(),
  piece: null,
});

const isSame = (one: BlockName, other: BlockName): boolean =>
  one.m === other.m && one.n === other.n && one.length === other.length;

/** The block of m shards; null where one was changed, or is another block's. */
function openBlock(suite: Suite, name: BlockName, shards: readonly Shard[]): Uint8Array | null {
  const sealed = joinBytes(...rebuild(shards)).subarray(0, name.length + lengths.tag);
  const key = joinShares(shards.map(({ index, share }) => ({ point: index + 1, value: share })));
  return suite.chacha20poly1305Open(key, NONCE, sealed, blockContext(name));
}
