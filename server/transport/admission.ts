/** How many connections there are, in all and from one address. docs/spec/transport.md#limits */
import { isIPv4, type Socket } from 'node:net';
import type { TransportLimits } from './limits.ts';

type Bounds = Pick<TransportLimits, 'connectionsMax' | 'connectionsPerAddressMax'>;

/** Counts the connections of one listener. */
export class Admission {
  readonly #limits: Bounds;
  readonly #sockets = new Set<Socket>();
  readonly #counts = new Map<string, number>();

  constructor(limits: Bounds) {
    this.#limits = limits;
  }

  /** Every connection there is. */
  get sockets(): ReadonlySet<Socket> {
    return this.#sockets;
  }

  /** Counts the connection until it closes, as one from `address`; false when there are too many. */
  admit(socket: Socket, address = socket.remoteAddress ?? ''): boolean {
    const place = placeOf(address);
    const count = this.#counts.get(place) ?? 0;
    if (this.#sockets.size >= this.#limits.connectionsMax || count >= this.#limits.connectionsPerAddressMax)
      return false;
    this.#sockets.add(socket);
    this.#counts.set(place, count + 1);
    socket.once('close', () => {
      this.#sockets.delete(socket);
      const left = this.#counts.get(place)! - 1;
      if (left === 0) this.#counts.delete(place);
      else this.#counts.set(place, left);
    });
    return true;
  }
}

/** What counts as one address: an IPv4 address, or an IPv6 /64, which is what one household has. */
export function placeOf(address: string): string {
  const mapped = address.startsWith('::ffff:') ? address.slice('::ffff:'.length) : address;
  if (isIPv4(mapped)) return mapped;
  const [head = '', tail] = address.split('::');
  const words = head === '' ? [] : head.split(':');
  // With `::` the words before it are the head; zeros follow as far as the first four go.
  if (tail !== undefined) {
    const after = tail === '' ? [] : tail.split(':');
    while (words.length + after.length < 8) words.push('0');
    words.push(...after);
  }
  return words.slice(0, 4).join(':');
}
