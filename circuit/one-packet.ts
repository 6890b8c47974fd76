/** Bytes that must be exactly one packet: a datagram, what a client hands over, a row of the store. docs/spec/federation.md#datagrams */
import { PsycError } from '../psyc/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';
import type { Route } from '../psyc/reply.ts';
import { checkRouting, type Delivery } from '../psyc/routing.ts';

/** A packet from outside that came without a circuit. */
export interface LonePacket {
  /** A view of the bytes. */
  readonly packet: Packet;
  readonly route: Route;
  readonly delivery: Delivery;
}

/** A packet that came in a datagram or from a client, checked. Throws PsycError. */
export function readOne(bytes: Uint8Array): LonePacket {
  const packet = parseOne(bytes);
  const route: Route = (name) => packet.ownRoute(name);
  return { packet, route, delivery: checkRouting(packet, route) };
}

/**
 * The packet in a row of our own, a view of the bytes; its routing is not checked, since only we write rows. Throws
 * PsycError; `_invalid_terminator` when something follows it.
 */
export function parseOne(bytes: Uint8Array): Packet {
  const parser = new Parser();
  parser.feed(bytes);
  const packet = parser.next();
  if (packet === null) {
    parser.end();
    throw new PsycError('_truncated', 0, 'no bytes where a packet should be');
  }
  const { length } = packet;
  if (length !== bytes.length) throw new PsycError('_invalid_terminator', length, 'bytes after the packet');
  return packet;
}
