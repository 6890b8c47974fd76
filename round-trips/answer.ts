/** What comes back on a ticket: packets, or parts of them. docs/spec/round-trips.md#answering */
import { PsycError } from '../psyc/error.ts';
import type { Packet } from '../psyc/packet.ts';
import { Parser } from '../psyc/parse.ts';

/** Packets, one behind the other; null: the bytes are something else. */
export function packetsIn(bytes: Uint8Array): Packet[] | null {
  const parser = new Parser();
  const packets: Packet[] = [];
  let length = 0;
  try {
    parser.feed(bytes);
    for (let packet = parser.next(); packet !== null; packet = parser.next()) {
      packets.push(packet.copy());
      length += packet.length;
    }
  } catch (error) {
    if (!(error instanceof PsycError)) throw error;
    return null;
  }
  return length === bytes.length && packets.length > 0 ? packets : null;
}
