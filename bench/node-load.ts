/** Neighbours of a server, who send it cells that were made before as fast as it takes them. Child of node.ts. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect, type TLSSocket } from 'node:tls';
import type { ServerIdentity } from '../circuit/server-handshake.ts';
import { offsets } from '../onion/sizes.ts';
import { diallingTls } from '../server/transport/tls.ts';
import { cellFor, framed, linkTo } from '../test/server/neighbour.ts';

/** What is to be done, one after the other. */
export type NodeOrder =
  /** Make so many cells for each of these neighbours, one in `ownShare` for the key (32 bytes, hexadecimal). */
  | {
      readonly kind: 'make';
      readonly identities: readonly Kept[];
      readonly cells: number;
      readonly key: string;
      readonly ownShare: number;
    }
  /** Be linked to a server, or connected to a bare one. */
  | { readonly kind: 'link'; readonly to: string | null; readonly host: string; readonly port: number }
  /** Send all, `perSecond` a second from each neighbour. */
  | { readonly kind: 'send'; readonly perSecond: number };

/** An identity as it goes from process to process. */
export interface Kept {
  readonly domain: string;
  readonly fingerprint: string;
  readonly certificate: string;
  readonly seed: string;
}

const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));

interface Neighbour {
  readonly identity: ServerIdentity;
  readonly frames: Uint8Array[];
  socket: TLSSocket | null;
}

let neighbours: Neighbour[] = [];

/** A cell that is nobody’s, and looks like one. */
function foreign(): Uint8Array {
  const cell = new Uint8Array(randomBytes(4096));
  cell[31]! &= 0x7f;
  cell[96 + offsets.alpha + 31]! &= 0x7f;
  return cell;
}

async function sendAll({ socket, frames }: Neighbour, perSecond: number): Promise<void> {
  const beganMs = performance.now();
  for (let sent = 0; sent < frames.length; ) {
    const due = Math.min(frames.length, Math.ceil(((performance.now() - beganMs) / 1000) * perSecond));
    let isFull = false;
    // Each alone in its record, as a server’s are.
    while (sent < due && !isFull) isFull = !socket!.write(frames[sent++]!);
    if (isFull) await once(socket!, 'drain');
    else await new Promise((done) => setTimeout(done, 2));
  }
}

async function perform(order: NodeOrder): Promise<void> {
  switch (order.kind) {
    case 'make': {
      const key = bytesOf(order.key);
      neighbours = order.identities.map(({ domain, fingerprint, certificate, seed }) => ({
        identity: { domain, fingerprint: bytesOf(fingerprint), certificate: bytesOf(certificate), seed: bytesOf(seed) },
        frames: Array.from({ length: order.cells }, (_, at) =>
          framed(domain, at % order.ownShare === 0 ? cellFor(key) : foreign()),
        ),
        socket: null,
      }));
      break;
    }
    case 'link':
      for (const neighbour of neighbours) {
        neighbour.socket?.destroy();
        const { to, host, port } = order;
        if (to === null) {
          const socket = connect({ ...diallingTls, host, port });
          await once(socket, 'secureConnect');
          neighbour.socket = socket;
        } else {
          const peer = await linkTo({ host, port }, neighbour.identity, to);
          // What it hears nobody looks at.
          peer.release(() => {});
          neighbour.socket = peer.socket;
        }
        neighbour.socket.on('error', () => {});
      }
      break;
    case 'send':
      await Promise.all(neighbours.map((neighbour) => sendAll(neighbour, order.perSecond)));
      break;
  }
}

process.on('message', (order: NodeOrder) => void perform(order).then(() => process.send!('done')));
process.on('disconnect', () => process.exit());
