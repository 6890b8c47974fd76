/** Packets inside of others: contents that were sealed. docs/spec/publication.md#sealing */
import { PsycError } from '../psyc/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';
import { renderRouted } from '../psyc/render.ts';
import { checkRouting } from '../psyc/routing.ts';

/** The one packet in bytes that are one. Throws PsycError. */
export function parseOnly(bytes: Uint8Array): Packet {
  const parser = new Parser();
  parser.feed(bytes);
  const packet = parser.next();
  if (packet === null || packet.length !== bytes.length) {
    throw new PsycError('_invalid_terminator', 0, 'not one packet');
  }
  return packet;
}

/** A content that was sealed, as a packet without routing variables: it has a method, and changes no state. Throws PsycError. */
export function parseSealed(content: Uint8Array): Packet {
  const inner = parseOnly(renderRouted([], content));
  if (inner.method === null) throw new PsycError('_invalid_method', 0, 'no method');
  checkRouting(inner, () => undefined);
  return inner;
}
