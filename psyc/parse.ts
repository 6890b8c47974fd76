/** Bytes to packets, incrementally: fed at any split it gives the same packets and the same errors. docs/spec/psyc.md#packet */
import { type DecodeRange, decodeRange, LF } from './bytes.ts';
import { PsycError } from './error.ts';
import { limits as defaultLimits, type ParserLimits } from './limits.ts';
import type { Packet } from './packet.ts';
import { PacketScanner } from './scan.ts';

const NOTHING = new Uint8Array(0);

/** A packet kept across chunks, of a length not known yet, starts with this room, and doubles. */
const KEPT_BYTES_MIN = 256;

/**
 * Feed it what arrives, then take packets until `next` gives null:
 *
 *     parser.feed(chunk);
 *     for (let packet = parser.next(); packet !== null; packet = parser.next()) …
 *
 * A packet that lies in one chunk is a view of it; one that spans chunks is put together in a buffer of its own, each
 * byte copied once where the packet gives its length. Throws PsycError (offset: from the first byte ever fed), after
 * which the parser gives nothing but that error.
 */
export class Parser {
  private readonly scanner: PacketScanner;
  private chunk: Uint8Array = NOTHING;
  /** Next unread byte of the chunk. */
  private at = 0;
  /** Where the chunk ends. */
  private chunkEnd = 0;
  /** Bytes of a packet whose chunks are gone, and how many of them are there. */
  private kept: Uint8Array = NOTHING;
  private keptLength = 0;
  private failure: PsycError | null = null;

  /** `limits` replaces some of the limits; `decode` is the platform's faster way from bytes to text, if it has one. */
  constructor(limits: Partial<ParserLimits> = {}, decode: DecodeRange = decodeRange) {
    this.scanner = new PacketScanner({ ...defaultLimits, ...limits }, decode);
  }

  /** Other limits from now on: more for whoever has proved himself. To be called between packets. */
  setLimits(limits?: Partial<ParserLimits>): void {
    // One object for all who have the same: circuits are many.
    this.scanner.setLimits(limits === undefined ? defaultLimits : { ...defaultLimits, ...limits });
  }

  /** Takes the next bytes; those before must have been drained by `next`. */
  feed(chunk: Uint8Array): void {
    if (this.failure !== null) return;
    if (this.at !== this.chunkEnd) throw new Error('feed before the last chunk was drained');
    this.chunk = chunk;
    this.chunkEnd = chunk.length;
    this.at = 0;
  }

  /** The next packet, or null when it takes more bytes. Throws PsycError. */
  next(): Packet | null {
    if (this.failure !== null) throw this.failure;
    try {
      return this.keptLength === 0 ? this.nextInChunk() : this.nextAcrossChunks();
    } catch (error) {
      if (error instanceof PsycError) {
        this.failure = error;
        this.kept = this.chunk = NOTHING;
        this.at = this.chunkEnd = 0;
      }
      throw error;
    }
  }

  /** Says that no more bytes come, once `next` gave null. Throws PsycError `_truncated` inside a packet. */
  end(): void {
    if (this.failure !== null) throw this.failure;
    if (this.keptLength > 0) this.scanner.fail('_truncated', this.keptLength, 'the input ends inside a packet');
  }

  private nextInChunk(): Packet | null {
    if (this.at === this.chunkEnd) return this.drained();
    const packet = this.scanner.advance(this.chunk, this.at, this.chunkEnd);
    if (packet !== null) {
      this.at += packet.length;
      return packet;
    }
    this.keep(this.chunkEnd);
    return this.drained();
  }

  /** Lets the chunk go: a quiet circuit must not hold its network buffer. */
  private drained(): null {
    this.chunk = NOTHING;
    this.at = this.chunkEnd = 0;
    return null;
  }

  private nextAcrossChunks(): Packet | null {
    const { chunk, chunkEnd } = this;
    while (this.at < chunkEnd) {
      // Only what can belong to this packet, so that the packets behind it stay views of the chunk.
      const missing = this.scanner.wanted - this.keptLength;
      const end = missing > 0 ? this.at + missing : chunk.indexOf(LF, this.at) + 1 || chunkEnd;
      this.keep(Math.min(end, chunkEnd));
      // A view without the room behind: a search that ran through that at every chunk would cost its square.
      const packet = this.scanner.advance(this.kept.subarray(0, this.keptLength), 0, this.keptLength);
      if (packet !== null) {
        this.kept = NOTHING;
        this.keptLength = 0;
        return packet;
      }
    }
    return this.drained();
  }

  /** Copies the chunk's bytes up to `end` behind those already kept. */
  private keep(end: number): void {
    const piece = this.chunk.subarray(this.at, end);
    const length = this.keptLength + piece.length;
    if (length > this.kept.length) {
      // Room for a declared length is reserved whole, so that no byte is copied twice; the length was checked against
      // its limit, and pages that nothing was written to cost no memory.
      const room = this.scanner.declaredLength;
      const grown = new Uint8Array(room === -1 ? Math.max(2 * length, KEPT_BYTES_MIN) : room);
      grown.set(this.kept.subarray(0, this.keptLength));
      this.kept = grown;
    }
    this.kept.set(piece, this.keptLength);
    this.keptLength = length;
    this.at = end;
  }
}
