/** Chunks that wait to be written, one after the other. Streams to which the same is written share one chain. docs/spec/transport.md#writing */

/** The newest of the chunks, which leads to those before it. */
export class Chain {
  readonly chunk: Uint8Array;
  readonly before: Chain | null;
  /** Chunks, and bytes in them, up to this one. */
  readonly length: number;
  readonly bytes: number;
  /** What was put behind it last: a thousand streams to which a multicast goes find it here. */
  #next: Chain | null = null;

  constructor(chunk: Uint8Array, before: Chain | null) {
    this.chunk = chunk;
    this.before = before;
    this.length = before === null ? 1 : before.length + 1;
    this.bytes = before === null ? chunk.length : before.bytes + chunk.length;
  }

  /** The chain with one more chunk: the same as the last time if the chunk is the same object. */
  with(chunk: Uint8Array): Chain {
    const next = this.#next;
    if (next !== null && next.chunk === chunk) return next;
    return (this.#next = new Chain(chunk, this));
  }

  /** All of them, the oldest first. */
  chunks(): Uint8Array[] {
    const chunks = new Array<Uint8Array>(this.length);
    chunks[this.length - 1] = this.chunk;
    for (let { before } = this; before !== null; before = before.before) chunks[before.length - 1] = before.chunk;
    return chunks;
  }
}
