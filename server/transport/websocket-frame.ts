/** A server's WebSocket frames, which are not masked: one header before all packets of a turn. docs/spec/transport.md#websocket */
import type { Join } from './write-turn.ts';

/** FIN, and opcode 2: a whole binary message (RFC 6455 section 5.2). */
const BINARY = 0x82;
const LENGTH_16 = 126;
const LENGTH_64 = 127;

/** Joins chunks into one binary message in one frame. */
export const joinFramed: Join = (chunks, bytes) => {
  const headBytes = bytes < LENGTH_16 ? 2 : bytes < 0x10000 ? 4 : 10;
  const frame = Buffer.allocUnsafe(headBytes + bytes);
  frame[0] = BINARY;
  if (headBytes === 2) frame[1] = bytes;
  else if (headBytes === 4) {
    frame[1] = LENGTH_16;
    frame.writeUInt16BE(bytes, 2);
  } else {
    frame[1] = LENGTH_64;
    frame.writeBigUInt64BE(BigInt(bytes), 2);
  }
  let at = headBytes;
  for (const chunk of chunks) {
    frame.set(chunk, at);
    at += chunk.length;
  }
  return frame;
};
