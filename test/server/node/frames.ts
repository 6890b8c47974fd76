/** WebSocket by hand, as little of it as a cheap client needs (RFC 6455). */

/** The request that makes a connection a circuit. */
export const UPGRADE =
  'GET /psyc HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: psyc\r\n\r\n';

/** A whole binary message's first byte. */
const BINARY = 0x82;

/** A client's binary message; the mask is zero, as a load may have it. */
export function frame(body: Uint8Array): Buffer {
  const { length } = body;
  const head =
    length < 126
      ? [BINARY, 0x80 | length]
      : length < 0x10000
        ? [BINARY, 0x80 | 126, length >> 8, length & 0xff]
        : [BINARY, 0x80 | 127, 0, 0, 0, 0, length >>> 24, (length >> 16) & 0xff, (length >> 8) & 0xff, length & 0xff];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), body]);
}

/** Takes the server's bytes, first its HTTP answer, and gives the bodies of its binary messages. */
export class Unframer {
  #rest: Buffer = Buffer.alloc(0);
  #isUpgraded = false;

  take(chunk: Buffer): Buffer[] {
    this.#rest = Buffer.concat([this.#rest, chunk]);
    if (!this.#isUpgraded) {
      const end = this.#rest.indexOf('\r\n\r\n');
      if (end === -1) return [];
      this.#isUpgraded = true;
      this.#rest = this.#rest.subarray(end + 4);
    }
    const bodies: Buffer[] = [];
    for (let next = this.#next(); next !== null; next = this.#next()) if (next.isBinary) bodies.push(next.body);
    return bodies;
  }

  #next(): { isBinary: boolean; body: Buffer } | null {
    const rest = this.#rest;
    if (rest.length < 2) return null;
    const short = rest[1]! & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (rest.length < headBytes) return null;
    const length = short < 126 ? short : short === 126 ? rest.readUInt16BE(2) : Number(rest.readBigUInt64BE(2));
    if (rest.length < headBytes + length) return null;
    this.#rest = rest.subarray(headBytes + length);
    return { isBinary: rest[0] === BINARY, body: rest.subarray(headBytes, headBytes + length) };
  }
}
