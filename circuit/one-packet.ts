/** Bytes that must be exactly one packet: a datagram, a row of the store. docs/spec/federation.md#datagrams */
import { PsycError } from '../psyc/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';

/** The packet, a view of the bytes. Throws PsycError; `_invalid_terminator` when something follows it. */
export function parseOne(bytes: Uint8Array): Packet {
  const parser = new Parser();
  parser.feed(bytes);
  const packet = parser.next();
  if (packet === null) {
    parser.end();
    throw new PsycError('_truncated', 0, 'no bytes where a packet should be');
  }
  const { length } = packet.raw;
  if (length !== bytes.length) throw new PsycError('_invalid_terminator', length, 'bytes after the packet');
  return packet;
}
