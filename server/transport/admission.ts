/** How many connections there are, in all and from one address. docs/spec/transport.md#limits */
import { isIPv4, type Socket } from 'node:net';
import type { TransportLimits } from './limits.ts';

type Bounds = Pick<TransportLimits, 'connectionsMax' | 'connectionsPerAddressMax'>;

/** Counts the connections of one listener. */
export class Admission {
  readonly #limits: Bounds;
  /** Every connection there is, and what it counts as. */
  readonly #places = new Map<Socket, string>();
  readonly #counts = new Map<string, number>();
  /** One listener for all sockets: thousands of them idle. */
  readonly #closed: (this: Socket) => void;

  constructor(limits: Bounds) {
    this.#limits = limits;
    const gone = (socket: Socket): void => this.#gone(socket);
    this.#closed = function () {
      gone(this);
    };
  }

  /** Every connection there is. */
  get sockets(): Iterable<Socket> {
    return this.#places.keys();
  }

  /** Counts the connection until it closes, as one from `address`; false when there are too many. */
  admit(socket: Socket, address = socket.remoteAddress ?? ''): boolean {
    const place = placeOf(address);
    const count = this.#counts.get(place) ?? 0;
    if (this.#places.size >= this.#limits.connectionsMax || count >= this.#limits.connectionsPerAddressMax)
      return false;
    this.#places.set(socket, place);
    this.#counts.set(place, count + 1);
    socket.on('close', this.#closed);
    return true;
  }

  #gone(socket: Socket): void {
    const place = this.#places.get(socket);
    if (place === undefined) return;
    this.#places.delete(socket);
    const left = this.#counts.get(place)! - 1;
    if (left === 0) this.#counts.delete(place);
    else this.#counts.set(place, left);
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
