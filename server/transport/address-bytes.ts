/** An IP address as bytes, for certificates and SOCKS. docs/spec/transport.md#proxy */
import { isIP } from 'node:net';

/** The address in network order: 4 bytes or 16. */
export function addressBytes(host: string): Buffer {
  if (isIP(host) === 4) return Buffer.from(host.split('.').map(Number));
  // The platform's parser writes the last 32 bits as hexadecimal too.
  const plain = new URL(`http://[${host}]`).hostname.slice(1, -1);
  const [head = '', tail = ''] = plain.split('::');
  const words = (text: string): number[] =>
    text === '' ? [] : text.split(':').map((word) => Number.parseInt(word, 16));
  const [before, after] = [words(head), words(tail)];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return Buffer.from([...before, ...zeros, ...after].flatMap((word) => [word >> 8, word & 0xff]));
}
