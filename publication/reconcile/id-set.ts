/** An ordered set of ids that knows the sum of any range: blocks of at most 256, each with its sum. docs/spec/reconciliation.md#sets */
import { type Bound, comparePrefix, ID_BYTES, type Item } from './item.ts';

const BLOCK_ITEMS = 256;
const WORDS = ID_BYTES / 4;

/** Neighbours in the order, with room for `BLOCK_ITEMS`; none is empty. */
interface Block {
  count: number;
  readonly times: Float64Array;
  readonly ids: Uint8Array;
  /** Of all ids, as numbers whose first byte is the lowest, modulo 2^256: words, the lowest first. */
  readonly sum: Uint32Array;
}

const newBlock = (): Block => ({
  count: 0,
  times: new Float64Array(BLOCK_ITEMS),
  ids: new Uint8Array(BLOCK_ITEMS * ID_BYTES),
  sum: new Uint32Array(WORDS),
});

/** Adds words to a sum, modulo 2^256. */
function addWords(sum: Uint32Array, words: Uint32Array): void {
  let carry = 0;
  for (let index = 0; index < WORDS; index++) {
    const total = sum[index]! + words[index]! + carry;
    sum[index] = total;
    carry = total > 0xffff_ffff ? 1 : 0;
  }
}

/** Takes words away from a sum, modulo 2^256. */
function subtractWords(sum: Uint32Array, words: Uint32Array): void {
  let borrow = 0;
  for (let index = 0; index < WORDS; index++) {
    const difference = sum[index]! - words[index]! - borrow;
    sum[index] = difference;
    borrow = difference < 0 ? 1 : 0;
  }
}

/** Adds the ids from one place in a block up to another. */
function addIds(sum: Uint32Array, block: Block, from: number, to: number): void {
  const { ids } = block;
  for (let at = from * ID_BYTES; at < to * ID_BYTES; ) {
    let carry = 0;
    for (let index = 0; index < WORDS; index++, at += 4) {
      const word = (ids[at]! | (ids[at + 1]! << 8) | (ids[at + 2]! << 16) | (ids[at + 3]! << 24)) >>> 0;
      const total = sum[index]! + word + carry;
      sum[index] = total;
      carry = total > 0xffff_ffff ? 1 : 0;
    }
  }
}

function resum(block: Block): void {
  block.sum.fill(0);
  addIds(block.sum, block, 0, block.count);
}

/** Whether an item of a block is below a bound. */
function isBelow(block: Block, at: number, bound: Bound): boolean {
  const time = block.times[at]!;
  return time === bound.timeMs ? comparePrefix(block.ids, at * ID_BYTES, bound.prefix) < 0 : time < bound.timeMs;
}

/** How many items of a block are below a bound. */
function below(block: Block, bound: Bound): number {
  let low = 0;
  let high = block.count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBelow(block, middle, bound)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Moves items of one block, or between two: times and ids. */
function moveItems(from: Block, start: number, end: number, to: Block, at: number): void {
  to.times.set(from.times.subarray(start, end), at);
  to.ids.set(from.ids.subarray(start * ID_BYTES, end * ID_BYTES), at * ID_BYTES);
}

/** What lies before each block, and behind the last: how many items, and the sum of their ids. */
interface Index {
  readonly counts: Float64Array;
  readonly sums: Uint32Array;
}

/** Finds, adds and takes out in a few microseconds with 100,000 ids. A range costs two searches and two parts of blocks, however long it is; the first after a change an index of the blocks. */
export class IdSet {
  private readonly blocks: Block[] = [];
  private total = 0;
  /** null: something has changed since. */
  private index: Index | null = null;

  /** How many. */
  get size(): number {
    return this.total;
  }

  /** Whether it is there. */
  has(item: Item): boolean {
    const { block, at } = this.find(item);
    return block !== undefined && holds(block, at, item);
  }

  /** Puts it in; false where it is there already. */
  add(item: Item): boolean {
    checkItem(item);
    if (this.has(item)) return false;
    this.index = null;
    if (this.blocks.length === 0) this.blocks.push(newBlock());
    const found = this.find(item);
    if (found.block?.count === BLOCK_ITEMS) this.split(found.index, found.at === BLOCK_ITEMS);
    const { block, at } = this.find(item);
    insert(block!, at, item);
    this.total++;
    return true;
  }

  /** Takes it out; false where it is not there. */
  delete(item: Item): boolean {
    const { index, block, at } = this.find(item);
    if (block === undefined || !holds(block, at, item)) return false;
    this.index = null;
    moveItems(block, at + 1, block.count, block, at);
    block.count--;
    this.total--;
    resum(block);
    this.merge(index);
    return true;
  }

  /** The item in this place of the order, from 0; throws RangeError where there is none. */
  at(index: number): Item {
    if (index < 0 || index >= this.total) throw new RangeError(`no item ${index} of ${this.total}`);
    const number = this.blockAt(index);
    return itemOf(this.blocks[number]!, index - this.indexed().counts[number]!);
  }

  /** The items from one place up to another, in order. */
  *between(from: number, to: number): Generator<Item> {
    const { counts } = this.indexed();
    for (let number = this.blockAt(from); number < this.blocks.length; number++) {
      const [block, start] = [this.blocks[number]!, counts[number]!];
      if (start >= to) return;
      const last = Math.min(to - start, block.count);
      for (let at = Math.max(from - start, 0); at < last; at++) yield itemOf(block, at);
    }
  }

  /** How many items are below a bound. */
  rank(bound: Bound): number {
    const { counts } = this.indexed();
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = this.blocks[middle]!;
      if (isBelow(block, block.count - 1, bound)) low = middle + 1;
      else high = middle;
    }
    const block = this.blocks[low];
    return counts[low]! + (block === undefined ? 0 : below(block, bound));
  }

  /** The sum of the ids from one place up to another, as 32 bytes, the lowest first, modulo 2^256. */
  sum(from: number, to: number): Uint8Array {
    const sum = this.sumWithin(from, to) ?? this.sumAcross(from, to);
    return Uint8Array.from({ length: ID_BYTES }, (_, at) => sum[at >>> 2]! >>> (8 * (at & 3)));
  }

  /** Of ids in one block: of many short ranges none costs more than what is in it. null: there are several. */
  private sumWithin(from: number, to: number): Uint32Array | null {
    const sum = new Uint32Array(WORDS);
    if (from === to) return sum;
    const number = this.blockAt(from);
    const [block, start] = [this.blocks[number]!, this.indexed().counts[number]!];
    if (to - start > block.count) return null;
    addIds(sum, block, from - start, to - start);
    return sum;
  }

  private sumAcross(from: number, to: number): Uint32Array {
    const sum = this.sumBelow(to);
    subtractWords(sum, this.sumBelow(from));
    return sum;
  }

  /** The sum of all ids before a place of the order. */
  private sumBelow(place: number): Uint32Array {
    const { counts, sums } = this.indexed();
    const number = this.blockAt(place);
    const sum = sums.slice(number * WORDS, (number + 1) * WORDS);
    const block = this.blocks[number];
    if (block !== undefined) addIds(sum, block, 0, Math.min(place - counts[number]!, block.count));
    return sum;
  }

  /** The block in which a place of the order is; behind the last one where it is the end. */
  private blockAt(place: number): number {
    const { counts } = this.indexed();
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (counts[middle + 1]! <= place) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private indexed(): Index {
    if (this.index !== null) return this.index;
    const { blocks } = this;
    const counts = new Float64Array(blocks.length + 1);
    const sums = new Uint32Array((blocks.length + 1) * WORDS);
    const sum = new Uint32Array(WORDS);
    for (const [number, block] of blocks.entries()) {
      counts[number + 1] = counts[number]! + block.count;
      addWords(sum, block.sum);
      sums.set(sum, (number + 1) * WORDS);
    }
    return (this.index = { counts, sums });
  }

  /** The block where an item is or belongs, and its place there. */
  private find({ timeMs, id }: Item): { index: number; block: Block | undefined; at: number } {
    const bound = { timeMs, prefix: id };
    let low = 0;
    let high = this.blocks.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = this.blocks[middle]!;
      if (below(block, bound) === block.count) low = middle + 1;
      else high = middle;
    }
    const block = this.blocks[low];
    return { index: low, block, at: block === undefined ? 0 : below(block, bound) };
  }

  /** Makes room in a full block; where only the newest come, the old one stays full. */
  private split(index: number, isAtEnd: boolean): void {
    const block = this.blocks[index]!;
    const kept = isAtEnd ? BLOCK_ITEMS - 1 : BLOCK_ITEMS / 2;
    const next = newBlock();
    moveItems(block, kept, BLOCK_ITEMS, next, 0);
    next.count = BLOCK_ITEMS - kept;
    block.count = kept;
    resum(block);
    resum(next);
    this.blocks.splice(index + 1, 0, next);
  }

  /** So that taking out leaves no crowd of small blocks: one joins its neighbour where both fill half of one. */
  private merge(index: number): void {
    const block = this.blocks[index]!;
    const next = this.blocks[index + 1];
    if (next !== undefined && block.count + next.count <= BLOCK_ITEMS / 2) {
      moveItems(next, 0, next.count, block, block.count);
      block.count += next.count;
      addWords(block.sum, next.sum);
      this.blocks.splice(index + 1, 1);
    }
    if (block.count === 0) this.blocks.splice(index, 1);
  }
}

const holds = (block: Block, at: number, { timeMs, id }: Item): boolean =>
  at < block.count && block.times[at] === timeMs && comparePrefix(block.ids, at * ID_BYTES, id) === 0;

const itemOf = (block: Block, at: number): Item => ({
  timeMs: block.times[at]!,
  id: block.ids.slice(at * ID_BYTES, (at + 1) * ID_BYTES),
});

function insert(block: Block, at: number, { timeMs, id }: Item): void {
  moveItems(block, at, block.count, block, at + 1);
  block.times[at] = timeMs;
  block.ids.set(id, at * ID_BYTES);
  block.count++;
  addIds(block.sum, block, at, at + 1);
}

function checkItem({ timeMs, id }: Item): void {
  if (!Number.isSafeInteger(timeMs) || timeMs < 0) throw new RangeError(`${timeMs} is no time of an item`);
  if (id.length !== ID_BYTES) throw new RangeError(`an id has ${ID_BYTES} bytes, not ${id.length}`);
}
