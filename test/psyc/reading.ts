/** Feeding a parser at chosen splits, and telling what came out of it. */
import { PsycError } from '../../psyc/error.ts';
import type { ParserLimits } from '../../psyc/limits.ts';
import type { Modifier, Packet } from '../../psyc/packet.ts';
import { Parser } from '../../psyc/parse.ts';
import { latin1, type PacketVector } from './vectors.ts';

/** Packets up to the first error, and that error. */
export interface Reading {
  readonly packets: Packet[];
  readonly error: { readonly code: string; readonly offset: number } | null;
}

/**
 * Reads `bytes` cut into pieces. Each piece is a copy that is overwritten once it was drained, as a network's buffer may be:
 * packets are copied before, so that whatever a parser keeps of the piece beyond its tick shows.
 */
export function read(bytes: Uint8Array, cuts: Iterable<number>, limits: Partial<ParserLimits> = {}): Reading {
  const parser = new Parser(limits);
  const packets: Packet[] = [];
  let from = 0;
  try {
    for (const to of [...cuts, bytes.length]) {
      // A Buffer, as sockets give it: its `slice` and `subarray` do not copy.
      const piece = Buffer.from(bytes.subarray(from, to));
      parser.feed(piece);
      for (let packet = parser.next(); packet !== null; packet = parser.next()) packets.push(packet.copy());
      piece.fill(0x7c);
      from = to;
    }
    parser.end();
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return { packets, error: { code: error.code, offset: error.offset } };
  }
  return { packets, error: null };
}

/** Every cut of `length` bytes into pieces of `size`. */
export function* every(length: number, size: number): Generator<number> {
  for (let at = size; at < length; at += size) yield at;
}

/** What a vector says of a packet. */
export function describePacket({ routing, sync, entity, method, data }: Packet): Required<PacketVector> {
  return {
    routing: routing.map(describeModifier),
    sync,
    entity: entity.map(describeModifier),
    method,
    data: data && latin1(data),
  };
}

const describeModifier = ({ operator, name, value }: Modifier): [string, string, string] => [
  operator,
  name,
  latin1(value),
];
