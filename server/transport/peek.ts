/** The first byte of a connection, before it is known what it is. docs/spec/transport.md#listening */
import type { Socket } from 'node:net';

/** Looks at the first byte, and leaves the socket paused with everything still to be read. */
export function peek(socket: Socket, seen: (first: number) => void): void {
  socket.once('data', (chunk: Buffer) => {
    socket.pause();
    socket.unshift(chunk);
    seen(chunk[0]!);
  });
}
