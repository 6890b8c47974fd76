/** A content cut into several packets, and put together again. docs/spec/psyc.md#fragments */
import { copyBytes, equalBytes } from './bytes.ts';
import { PsycError } from './error.ts';
import { limits } from './limits.ts';
import type { Packet } from './packet.ts';
import { render, type Value } from './render.ts';
import { parseCounter } from './reply.ts';

/** Method of a packet whose data is a piece of another packet's content. */
export const FRAGMENT_METHOD = '_fragment';

/**
 * The packets that carry a content in pieces of at most `pieceBytes`. `routing` must hold a `_counter`, which all of them
 * share. Throws PsycError `_excessive_fragments` when it would take more than `fragmentsMax`, `_oversized_content`.
 */
export function renderFragments(
  routing: Readonly<Record<string, Value | undefined>>,
  content: Uint8Array,
  pieceBytes: number,
): Uint8Array[] {
  if (!Number.isInteger(pieceBytes) || pieceBytes < 1) throw new RangeError('pieceBytes is a whole number above 0');
  if (content.length > limits.contentBytesMax) throw oversized();
  const amount = Math.max(1, Math.ceil(content.length / pieceBytes));
  if (amount > limits.fragmentsMax) throw excessive(`a packet of over ${limits.fragmentsMax} fragments`);
  return Array.from({ length: amount }, (_, index) =>
    render({
      routing: { ...routing, _fragment: String(index), _amount_fragments: String(amount) },
      method: FRAGMENT_METHOD,
      data: content.subarray(index * pieceBytes, (index + 1) * pieceBytes),
    }),
  );
}

/** A packet put together: what holds for it, without what only fragments have, and its content. */
export interface Whole {
  readonly routing: ReadonlyMap<string, string>;
  readonly content: Uint8Array;
}

/** A packet of which pieces are missing. */
interface Pending {
  readonly routing: ReadonlyMap<string, string>;
  readonly pieces: (Uint8Array | undefined)[];
  missing: number;
  bytes: number;
}

/** Puts the fragments of one circuit together, in any order; bounded, so that some may be forgotten. */
export class Reassembly {
  private readonly pending = new Map<string, Pending>();
  private bytes = 0;

  /** How many packets are not whole yet. */
  get size(): number {
    return this.pending.size;
  }

  /**
   * Takes a fragment with the routing variables that hold for it (`RoutingMemory`); gives the whole packet when it was the
   * last one missing, else null. A piece that came before is ignored when it is the same. Throws PsycError:
   * `_invalid_counter`, `_invalid_fragment`, `_excessive_fragments`, `_oversized_content`.
   */
  take(packet: Packet, routing: ReadonlyMap<string, string>): Whole | null {
    const index = parseCounter(routing.get('_fragment') ?? '');
    const amount = parseCounter(routing.get('_amount_fragments') ?? '');
    if (amount > limits.fragmentsMax) throw excessive(`a packet of over ${limits.fragmentsMax} fragments`);
    if (index >= amount || packet.method !== FRAGMENT_METHOD) throw invalid('no piece, or one beyond the last');
    parseCounter(routing.get('_counter') ?? '');
    const common = new Map([...routing].filter(([name]) => name !== '_fragment' && name !== '_amount_fragments'));
    // All of it: in a context two people may speak with one counter, and their pieces must not mix.
    const key = JSON.stringify([...common].sort(([a], [b]) => (a < b ? -1 : 1)));
    const pending = this.pending.get(key) ?? this.begin(key, common, amount);
    if (pending.pieces.length !== amount) throw invalid('two fragments differ in how many there are');
    const piece = packet.data ?? new Uint8Array(0);
    const before = pending.pieces[index];
    if (before !== undefined) {
      if (!equalBytes(before, piece)) throw invalid('two different pieces in one place');
      return null;
    }
    if (pending.bytes + piece.length > limits.contentBytesMax) {
      this.drop(key, pending);
      throw oversized();
    }
    pending.pieces[index] = copyBytes(piece);
    pending.missing--;
    pending.bytes += piece.length;
    this.bytes += piece.length;
    if (pending.missing > 0) {
      this.evict(key);
      return null;
    }
    this.drop(key, pending);
    return { routing: pending.routing, content: joined(pending) };
  }

  private begin(key: string, routing: ReadonlyMap<string, string>, amount: number): Pending {
    const pending = {
      routing,
      pieces: new Array<Uint8Array | undefined>(amount).fill(undefined),
      missing: amount,
      bytes: 0,
    };
    this.pending.set(key, pending);
    return pending;
  }

  private drop(key: string, pending: Pending): void {
    this.pending.delete(key);
    this.bytes -= pending.bytes;
  }

  /** While there is no room: the packet begun longest ago of whoever has most of them under way. */
  private evict(keep: string): void {
    while (this.bytes > limits.fragmentedBytesMax || this.pending.size > limits.fragmentedPacketsMax) {
      const holders = new Map<string, [string, Pending][]>();
      for (const entry of this.pending) {
        const holder = speaker(entry[1].routing);
        holders.set(holder, [...(holders.get(holder) ?? []), entry]);
      }
      const [most] = [...holders.values()].sort((a, b) => b.length - a.length);
      const [key, pending] = most!.find(([each]) => each !== keep) ?? most![0]!;
      this.drop(key, pending);
    }
  }
}

const speaker = (routing: ReadonlyMap<string, string>): string =>
  routing.get('_source_relay') ?? routing.get('_source') ?? routing.get('_context') ?? '';

function joined({ pieces, bytes }: Pending): Uint8Array {
  const content = new Uint8Array(bytes);
  let at = 0;
  for (const piece of pieces) {
    content.set(piece!, at);
    at += piece!.length;
  }
  return content;
}

const invalid = (detail: string): PsycError => new PsycError('_invalid_fragment', 0, detail);
const oversized = (): PsycError =>
  new PsycError('_oversized_content', 0, `fragments of over ${limits.contentBytesMax} bytes together`);
const excessive = (detail: string): PsycError => new PsycError('_excessive_fragments', 0, detail);
