/** A stream that counts what its peer has not taken, and notes its end. */
import type { ByteStream, Channel, StreamOwner } from '../../../server/transport/stream.ts';

/** Hands everything on. */
export class Weighed implements ByteStream {
  /** Bytes written and not taken: now, and at most. */
  keptBytes = 0;
  keptBytesMax = 0;
  /** How the server left it. */
  left: 'ended' | 'broken off' | null = null;
  readonly #stream: ByteStream;

  constructor(stream: ByteStream) {
    this.#stream = stream;
  }

  get channel(): Channel {
    return this.#stream.channel;
  }

  get address(): string | null {
    return this.#stream.address;
  }

  get writingSinceMs(): number | null {
    return this.#stream.writingSinceMs;
  }

  get unsentBytes(): number {
    return this.#stream.unsentBytes;
  }

  carry(owner: StreamOwner): void {
    this.#stream.carry({
      bytes: (bytes) => owner.bytes(bytes),
      drained: (bytes) => {
        this.keptBytes -= bytes;
        owner.drained(bytes);
      },
      ended: () => owner.ended(),
      failed: (why) => owner.failed(why),
    });
  }

  write(bytes: Uint8Array): void {
    this.keptBytes += bytes.length;
    this.keptBytesMax = Math.max(this.keptBytesMax, this.keptBytes);
    this.#stream.write(bytes);
  }

  flush(): void {
    this.#stream.flush();
  }

  end(): void {
    this.left = 'ended';
    this.#stream.end();
  }

  destroy(): void {
    this.left = 'broken off';
    this.#stream.destroy();
  }
}
