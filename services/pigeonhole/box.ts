/** What a server knows of one box beside its deposits: until when it stays, who reads it and how far; nothing of whose it is. docs/spec/pigeonhole.md#boxes */
import { bytesOfHex, joinBytes, readUint64, uint32, uint64 } from '../../crypto/bytes.ts';
import type { PigeonholeCode } from './error.ts';
import type { PigeonholeLimits } from './limits.ts';
import { readerBytes, readerName } from './request.ts';

/** A device that reads. */
interface BoxReader {
  /** Of its last order, and the digest of that: 32 bytes. */
  readonly number: number;
  readonly digest: Uint8Array;
  /** Deposits up to here it has. */
  readonly acknowledged: number;
  /** When it asked last, Unix days. */
  readonly day: number;
  /** It is waited for no more, and remembered only so that nothing it said brings it back. */
  readonly hasLeft: boolean;
}

/** One box. Sequences are those of its log. */
export interface Box {
  /** Work of who puts something in. */
  readonly bits: number;
  /** It goes when this day (Unix) begins. */
  readonly until: number;
  /** Deposits up to here are gone. */
  readonly gone: number;
  /** Days at whose beginning deposits up to a sequence go, in order. */
  readonly ends: readonly (readonly [day: number, sequence: number])[];
  /** By name, in the order in which they came. */
  readonly readers: ReadonlyMap<string, BoxReader>;
}

const VERSION = 1;
/** So many times the readers that there may be are remembered, with those who have left. */
const READERS_KEPT = 2;
const DIGEST_BYTES = 32;
const HEAD_BYTES = 16;
const END_BYTES = 12;
const READER_BYTES = readerBytes + 1 + 4 + 8 + 8 + DIGEST_BYTES;

/** A box that nobody has asked for anything. */
export const newBox = (bits: number, day: number, { boxDays }: PigeonholeLimits): Box => ({
  bits,
  until: day + boxDays + 1,
  gone: 0,
  ends: [],
  readers: new Map(),
});

/** As a record. */
export function renderBox({ bits, until, gone, ends, readers }: Box): Uint8Array {
  const counts = new Uint8Array([VERSION, bits, ends.length, readers.size]);
  return joinBytes(
    counts,
    uint32(until),
    uint64(gone),
    ...ends.flatMap(([day, sequence]) => [uint32(day), uint64(sequence)]),
    ...[...readers].flatMap(([name, { number, digest, acknowledged, day, hasLeft }]) => [
      bytesOfHex(name)!,
      new Uint8Array([Number(hasLeft)]),
      uint32(day),
      uint64(number),
      uint64(acknowledged),
      digest,
    ]),
  );
}

/** The box in a record; null where it is none. */
export function parseBox(bytes: Uint8Array): Box | null {
  const [version, bits = 0, endCount = 0, readerCount = 0] = bytes;
  const readersAt = HEAD_BYTES + endCount * END_BYTES;
  if (version !== VERSION || bytes.length !== readersAt + readerCount * READER_BYTES) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const long = (at: number): number => readUint64(bytes, at) ?? 0;
  const ends = Array.from({ length: endCount }, (_, index): readonly [number, number] => {
    const at = HEAD_BYTES + index * END_BYTES;
    return [view.getUint32(at), long(at + 4)];
  });
  const readers = Array.from({ length: readerCount }, (_, index): [string, BoxReader] => {
    const start = readersAt + index * READER_BYTES;
    const at = start + readerBytes;
    const digest = bytes.slice(at + 21, at + 21 + DIGEST_BYTES);
    const hasLeft = bytes[at] === 1;
    const [number, acknowledged] = [long(at + 5), long(at + 13)];
    return [
      readerName(bytes.subarray(start, at)),
      { number, digest, acknowledged, day: view.getUint32(at + 1), hasLeft },
    ];
  });
  return { bits, until: view.getUint32(4), gone: long(8), ends, readers: new Map(readers) };
}

/** As it is on a day: who is silent counts no more, and what is too old, or acknowledged by all who read, is gone. */
export function onDay(box: Box, day: number, { readerDays, orderDays }: PigeonholeLimits): Box {
  // Who has left is remembered as long as something that he said could be said again.
  const isKept = ({ day: last, hasLeft }: BoxReader): boolean =>
    last + (hasLeft ? 2 * orderDays + 1 : readerDays) >= day;
  const readers = new Map([...box.readers].filter(([, reader]) => isKept(reader)));
  const reading = [...readers.values()].filter(({ hasLeft }) => !hasLeft);
  const acknowledged = Math.min(...reading.map((reader) => reader.acknowledged));
  const over = box.ends.filter(([end]) => end <= day).map(([, sequence]) => sequence);
  const gone = Math.max(box.gone, reading.length === 0 ? 0 : acknowledged, ...over);
  return { ...box, gone, ends: box.ends.filter(([, sequence]) => sequence > gone), readers };
}

/** With one deposit more, which has this sequence. `box` is that of the day. */
export function withDeposit(box: Box, sequence: number, day: number, limits: PigeonholeLimits): Box | PigeonholeCode {
  if (sequence - box.gone > limits.depositsMax) return '_box_full';
  const last = box.ends.at(-1);
  // A clock that was set back makes nothing end before what came earlier.
  const end = Math.max(day + limits.depositDays + 1, last?.[0] ?? 0);
  const before = last?.[0] === end ? box.ends.slice(0, -1) : box.ends;
  return { ...box, ends: [...before, [end, sequence]] };
}

/** What a reader says of itself with an order. */
export interface Reading {
  /** Its name. */
  readonly name: string;
  readonly number: number;
  readonly digest: Uint8Array;
  readonly acknowledged: number;
}

/**
 * As it is when a reader has asked: the same order again changes nothing. `last` is the log's newest sequence, `isSame` tells
 * whether two digests are the same. The box's own end is put off.
 */
export function withReader(
  box: Box,
  { name, number, digest, acknowledged }: Reading,
  last: number,
  day: number,
  isSame: (a: Uint8Array, b: Uint8Array) => boolean,
  limits: PigeonholeLimits,
): Box | PigeonholeCode {
  const known = box.readers.get(name);
  if (known?.hasLeft === true) return '_box_left_reader';
  if (known !== undefined && number === known.number && isSame(digest, known.digest)) return box;
  if (number <= (known?.number ?? 0)) return '_box_old_number';
  // Whoever acknowledges what was never there would have it deleted when it comes.
  if (acknowledged > last) return '_box_invalid_request';
  const count = [...box.readers.values()].filter(({ hasLeft }) => !hasLeft).length;
  const isFull = count >= limits.readersMax || box.readers.size >= READERS_KEPT * limits.readersMax;
  if (known === undefined && isFull) return '_box_excessive_readers';
  const reader = {
    number,
    digest,
    acknowledged: Math.max(acknowledged, known?.acknowledged ?? 0),
    day,
    hasLeft: false,
  };
  const readers = new Map([...box.readers, [name, reader]]);
  return { ...box, readers, until: Math.max(box.until, day + limits.boxDays + 1) };
}

/** As it is when a reader has left; who was none has left as well. */
export function withoutReader(box: Box, name: string, day: number, limits: PigeonholeLimits): Box | PigeonholeCode {
  const known = box.readers.get(name);
  if (known === undefined && box.readers.size >= READERS_KEPT * limits.readersMax) return '_box_excessive_readers';
  const left = { number: 0, digest: new Uint8Array(DIGEST_BYTES), acknowledged: 0, ...known, day, hasLeft: true };
  return { ...box, readers: new Map([...box.readers, [name, left]]) };
}
