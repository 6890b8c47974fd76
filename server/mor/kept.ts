/** What a listener must not forget, on the disk: replay tags and marks at the end of one file, one-time secrets in slots of another. docs/spec/listener-bots.md#files */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { bytesOfHex, hexOf } from '../../crypto/bytes.ts';
import { makeFolder, openPrivate, writePrivate } from '../../disk/private-file.ts';
import type { Batch, KeptTag } from '../../listener-bots/ledger.ts';
import type { Slot, SpentMark } from '../../listener-bots/slots.ts';
import { keyOfBytes } from '../../psyc/bytes.ts';

/** Kind, three zeros, key's name or zeros, tag or mark, until when. */
const TRACE_BYTES = 40;
const TAG = 1;
const MARK = 2;
/** Secret, until when, four zeros; all zeros where none is. */
const SLOT_BYTES = 40;
/** Below so many traces a file is not written anew while the server runs. */
const COMPACT_LEAST = 10_000;

/** What was durable. */
export interface Loaded {
  readonly tags: readonly KeptTag[];
  readonly marks: readonly SpentMark[];
  readonly slots: readonly Slot[];
}

type Trace = { readonly tag: KeptTag } | { readonly mark: SpentMark };

/** The two files of one domain, of one life. All that is asked is done in turn. */
export class KeptCells {
  readonly #tracesFile: string;
  #traces: FileHandle;
  /** What is there for good: a write that failed is written over. */
  #tracesBytes = 0;
  /** How many there were when it was last written anew. */
  #compacted = 0;
  readonly #slots: FileHandle;
  /** Where each secret is, and which places are free. */
  readonly #places = new Map<string, number>();
  #free: number[] = [];
  #slotsCount = 0;
  readonly #now: () => number;
  readonly #gone = new Set<string>();
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(tracesFile: string, traces: FileHandle, slots: FileHandle, now: () => number) {
    this.#tracesFile = tracesFile;
    this.#traces = traces;
    this.#slots = slots;
    this.#now = now;
  }

  /** Opens the files in the folder, made where they are missing, and reads what is left of them. `now`: Unix seconds. System errors pass. */
  static async open(folder: string, now: () => number): Promise<{ readonly kept: KeptCells; readonly loaded: Loaded }> {
    await makeFolder(folder, 0o700);
    const tracesFile = join(folder, 'traces');
    const kept = new KeptCells(
      tracesFile,
      await openPrivate(tracesFile),
      await openPrivate(join(folder, 'slots')),
      now,
    );
    const traces = await kept.#compact();
    const slots = await kept.#readSlots();
    const tags = traces.flatMap((trace) => ('tag' in trace ? trace.tag : []));
    const marks = traces.flatMap((trace) => ('mark' in trace ? trace.mark : []));
    return { kept, loaded: { tags, marks, slots } };
  }

  /** Tags and marks, durably; then burnt secrets and deposits, durably. System errors reject. */
  remember({ tags, marks, burnt, deposits }: Omit<Batch, 'batch'>): Promise<void> {
    return this.#inTurn(async () => {
      await this.#append([...tags.map((tag) => ({ tag })), ...marks.map((mark) => ({ mark }))]);
      await this.#writeSlots(burnt, deposits);
    });
  }

  /** Overwrites secrets that are over. System errors reject. */
  forget(secrets: readonly Uint8Array[]): Promise<void> {
    return this.#inTurn(() => this.#writeSlots(secrets, []));
  }

  /** The key with this name is destroyed: its tags go when the file is next written anew. System errors reject. */
  forgetKey(key: string): Promise<void> {
    return this.#inTurn(async () => {
      this.#gone.add(key);
      await this.#compact();
    });
  }

  async close(): Promise<void> {
    await this.#turn;
    await this.#traces.close();
    await this.#slots.close();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const done = this.#turn.then(task);
    this.#turn = done.catch(() => {});
    return done;
  }

  async #append(traces: readonly Trace[]): Promise<void> {
    if (traces.length === 0) return;
    const bytes = rendered(traces);
    await this.#traces.write(bytes, 0, bytes.length, this.#tracesBytes);
    await this.#traces.datasync();
    this.#tracesBytes += bytes.length;
    const count = this.#tracesBytes / TRACE_BYTES;
    if (count >= COMPACT_LEAST && count >= 2 * this.#compacted) await this.#compact();
  }

  /** Writes the file anew without what is over, whole or not at all; gives what is left. */
  async #compact(): Promise<Trace[]> {
    const now = this.#now();
    const left = parsed(new Uint8Array(await this.#whole())).filter((trace) => {
      if ('mark' in trace) return trace.mark.untilSeconds > now;
      const { key, untilSeconds } = trace.tag;
      return !this.#gone.has(key) && (untilSeconds === null || untilSeconds > now);
    });
    const bytes = rendered(left);
    await writePrivate(this.#tracesFile, bytes, 'replace');
    const former = this.#traces;
    this.#traces = await open(this.#tracesFile, 'r+');
    await former.close();
    this.#tracesBytes = bytes.length;
    this.#compacted = left.length;
    return left;
  }

  async #whole(): Promise<Uint8Array> {
    const { size } = await this.#traces.stat();
    const bytes = new Uint8Array(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await this.#traces.read(bytes, at, size - at, at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    // Of a write that was broken off by a crash the last trace may be there in part.
    return bytes.subarray(0, at - (at % TRACE_BYTES));
  }

  async #readSlots(): Promise<Slot[]> {
    const bytes = new Uint8Array(await this.#slots.readFile());
    const view = new DataView(bytes.buffer);
    const slots: Slot[] = [];
    this.#slotsCount = Math.floor(bytes.length / SLOT_BYTES);
    for (let place = 0; place < this.#slotsCount; place++) {
      const at = place * SLOT_BYTES;
      const untilSeconds = view.getUint32(at + 32);
      if (untilSeconds === 0) this.#free.push(place);
      else {
        const secret = bytes.slice(at, at + 32);
        this.#places.set(keyOfBytes(secret), place);
        slots.push({ secret, untilSeconds });
      }
    }
    return slots;
  }

  async #writeSlots(burnt: readonly Uint8Array[], deposits: readonly Slot[]): Promise<void> {
    for (const secret of burnt) {
      const place = this.#places.get(keyOfBytes(secret));
      if (place === undefined) continue;
      await this.#slots.write(new Uint8Array(SLOT_BYTES), 0, SLOT_BYTES, place * SLOT_BYTES);
      this.#places.delete(keyOfBytes(secret));
      this.#free.push(place);
    }
    for (const { secret, untilSeconds } of deposits) {
      const bytes = new Uint8Array(SLOT_BYTES);
      bytes.set(secret);
      new DataView(bytes.buffer).setUint32(32, untilSeconds);
      const place = this.#free.pop() ?? this.#slotsCount++;
      await this.#slots.write(bytes, 0, SLOT_BYTES, place * SLOT_BYTES);
      this.#places.set(keyOfBytes(secret), place);
    }
    if (burnt.length + deposits.length > 0) await this.#slots.datasync();
  }
}

function rendered(traces: readonly Trace[]): Uint8Array {
  const bytes = new Uint8Array(TRACE_BYTES * traces.length);
  const view = new DataView(bytes.buffer);
  for (const [index, trace] of traces.entries()) {
    const at = index * TRACE_BYTES;
    if ('tag' in trace) {
      bytes[at] = TAG;
      bytes.set(bytesOfHex(trace.tag.key)!, at + 4);
      bytes.set(trace.tag.tag, at + 20);
      view.setUint32(at + 36, trace.tag.untilSeconds ?? 0);
    } else {
      bytes[at] = MARK;
      bytes.set(trace.mark.mark, at + 20);
      view.setUint32(at + 36, trace.mark.untilSeconds);
    }
  }
  return bytes;
}

/** What is no trace is what a file system left of a write that was broken off. */
function parsed(bytes: Uint8Array): Trace[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  const traces: Trace[] = [];
  for (let at = 0; at + TRACE_BYTES <= bytes.length; at += TRACE_BYTES) {
    const until = view.getUint32(at + 36);
    const sixteen = bytes.slice(at + 20, at + 36);
    if (bytes[at] === TAG) {
      const key = hexOf(bytes.subarray(at + 4, at + 20));
      traces.push({ tag: { key, tag: sixteen, untilSeconds: until === 0 ? null : until } });
    } else if (bytes[at] === MARK) traces.push({ mark: { mark: sixteen, untilSeconds: until } });
  }
  return traces;
}
