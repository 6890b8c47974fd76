/** What stands in the variables of a request. docs/spec/pigeonhole.md#requests */
import type { Packet } from '../psyc/packet.ts';

/** A whole number from 0 to `most`, in the one form that it has; null where the variable is none. */
export function wholeIn(packet: Packet, name: string, most = Number.MAX_SAFE_INTEGER): number | null {
  const text = packet.text(name) ?? '';
  const value = Number(text);
  return /^(?:0|[1-9][0-9]{0,15})$/.test(text) && value <= most ? value : null;
}

/** Bytes of exactly this length; null where the variable has others, or is not there. They are the packet's. */
export function bytesIn(packet: Packet, name: string, length: number): Uint8Array | null {
  const value = packet.value(name);
  return value?.length === length ? value : null;
}
