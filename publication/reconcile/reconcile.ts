/** Range-based set reconciliation after the negentropy protocol, version 1: who has what, at a cost of what differs. docs/spec/reconciliation.md#rounds */
import { hexOf, joinBytes } from '../../crypto/bytes.ts';
import type { Suite } from '../../crypto/suite.ts';
import { equalBytes } from '../../psyc/bytes.ts';
import { ReconciliationError } from './error.ts';
import { BOUND_BYTES_MAX, FINGERPRINT_BYTES, FrameReader, FrameWriter, type Range, varint } from './frame.ts';
import type { IdSet } from './id-set.ts';
import { type Bound, boundBetween, highest, ID_BYTES } from './item.ts';
import { reconciliationLimits } from './limits.ts';

/** Parts that a range is split into. */
const PARTS = 16;
/** Ranges with fewer items are listed. */
const LISTED_MAX = 2 * PARTS;
/** A fingerprint of the rest, and the bound before it: always room for that. */
const REST_BYTES_MAX = 2 * (BOUND_BYTES_MAX + 1) + FINGERPRINT_BYTES;

/** What one answer has told. An id may be told again: the fingerprint of what had no room in a frame covers ranges that were settled before. */
export interface Difference {
  /** Ids that only this side has: 32 bytes each. */
  readonly have: Uint8Array[];
  /** Ids that only the other side has. */
  readonly need: Uint8Array[];
}

/** 16 bytes for the items from one place of the order up to another. */
export const fingerprintOf = (suite: Suite, set: IdSet, from: number, to: number): Uint8Array =>
  suite.sha256(joinBytes(set.sum(from, to), varint(to - from))).slice(0, FINGERPRINT_BYTES);

/** The ranges that say what is in a set between two places of its order; the last one ends at `upper`. */
function* split(suite: Suite, set: IdSet, from: number, to: number, upper: Bound): Generator<Range> {
  const count = to - from;
  if (count < LISTED_MAX) {
    yield { mode: 'ids', upper, ids: Array.from(set.between(from, to), ({ id }) => id) };
    return;
  }
  let start = from;
  for (let part = 0; part < PARTS; part++) {
    const end = start + Math.floor(count / PARTS) + (part < count % PARTS ? 1 : 0);
    const bound = end === to ? upper : boundBetween(set.at(end - 1), set.at(end));
    yield { mode: 'fingerprint', upper: bound, fingerprint: fingerprintOf(suite, set, start, end) };
    start = end;
  }
}

/** Walks through a frame's ranges and writes the answer to them; `list` answers a list of ids, and says up to which place of the order it has; null: there was no room. */
function answerRanges(
  suite: Suite,
  set: IdSet,
  frame: Uint8Array,
  frameBytesMax: number,
  list: (ids: readonly Uint8Array[], from: number, to: number, upper: Bound, writer: FrameWriter) => number | null,
): FrameWriter {
  const reader = new FrameReader(frame);
  const writer = new FrameWriter();
  let from = 0;
  for (let range = reader.next(); range !== null; range = reader.next()) {
    const { upper } = range;
    const to = set.rank(upper);
    let done: number | null = to;
    if (range.mode === 'ids') done = list(range.ids, from, to, upper, writer);
    else if (range.mode === 'skip' || equalBytes(fingerprintOf(suite, set, from, to), range.fingerprint))
      writer.add({ mode: 'skip', upper });
    else {
      const parts = [...split(suite, set, from, to, upper)];
      const bytes = parts.reduce((sum, part) => sum + rangeBytes(part), 0);
      if (writer.bytes + bytes + REST_BYTES_MAX > frameBytesMax) done = null;
      else for (const part of parts) writer.add(part);
    }
    if (done === null || done < to) {
      const rest = fingerprintOf(suite, set, done ?? from, set.size);
      writer.add({ mode: 'fingerprint', upper: highest, fingerprint: rest });
      return writer;
    }
    from = to;
  }
  return writer;
}

/** The most that a range takes in a frame. */
const rangeBytes = (range: Range): number =>
  BOUND_BYTES_MAX + 2 + (range.mode === 'ids' ? range.ids.length * ID_BYTES : FINGERPRINT_BYTES);

/** Who answers keeps nothing between two frames: each is answered from the set as it is now. Throws ReconciliationError; RangeError where `frameBytesMax` is below its least. */
export function answerFrame(
  suite: Suite,
  set: IdSet,
  frame: Uint8Array,
  frameBytesMax: number = reconciliationLimits.frameBytesMax,
): Uint8Array {
  checkFrameBytes(frameBytesMax);
  const writer = answerRanges(suite, set, frame, frameBytesMax, (_, from, to, upper, into) => {
    const room = Math.floor((frameBytesMax - into.bytes - REST_BYTES_MAX - BOUND_BYTES_MAX - 9) / ID_BYTES);
    if (room < 1) return null;
    const end = Math.min(to, from + room);
    const ids = Array.from(set.between(from, end), ({ id }) => id);
    const bound = end === to ? upper : { timeMs: set.at(end).timeMs, prefix: set.at(end).id };
    into.add({ mode: 'ids', upper: bound, ids });
    return end;
  });
  return writer.frame();
}

/** Who begins: sends `frame`, reads each answer, learns what differs. The set may grow meanwhile. */
export class Reconciliation {
  private rounds = 0;
  private readonly suite: Suite;
  private readonly set: IdSet;
  private readonly frameBytesMax: number;

  /** Throws RangeError where `frameBytesMax` is below its least. */
  constructor(suite: Suite, set: IdSet, frameBytesMax: number = reconciliationLimits.frameBytesMax) {
    checkFrameBytes(frameBytesMax);
    this.suite = suite;
    this.set = set;
    this.frameBytesMax = frameBytesMax;
  }

  /** The first frame: what all of the set is. */
  begin(): Uint8Array {
    const writer = new FrameWriter();
    for (const range of split(this.suite, this.set, 0, this.set.size, highest)) writer.add(range);
    return writer.frame();
  }

  /** What an answer tells, and the frame to be sent next, or null when both sides are known. Throws ReconciliationError. */
  read(answer: Uint8Array): Difference & { readonly next: Uint8Array | null } {
    if (++this.rounds > reconciliationLimits.roundsMax)
      throw new ReconciliationError('_reconciliation_excessive_rounds', 'it does not come to an end');
    const difference: Difference = { have: [], need: [] };
    const writer = answerRanges(this.suite, this.set, answer, this.frameBytesMax, (ids, from, to, upper, into) => {
      const theirs = new Map(ids.map((id) => [hexOf(id), id]));
      for (const { id } of this.set.between(from, to)) if (!theirs.delete(hexOf(id))) difference.have.push(id);
      difference.need.push(...theirs.values());
      into.add({ mode: 'skip', upper });
      return to;
    });
    return { ...difference, next: writer.isEmpty ? null : writer.frame() };
  }
}

function checkFrameBytes(frameBytesMax: number): void {
  const { frameBytesMin, frameBytesMax: most } = reconciliationLimits;
  if (frameBytesMax < frameBytesMin || frameBytesMax > most)
    throw new RangeError(`frames have ${frameBytesMin} to ${most} bytes`);
}
