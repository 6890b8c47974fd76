/** The store's twin in memory: the same answers as PostgreSQL's, at once; for the simulator and for tests. docs/spec/federation.md#store */
import { copyBytes, equalBytes, keyOfBytes } from '../psyc/bytes.ts';
import { checkRequest } from './check.ts';
import type { StoreCode } from './errors.ts';
import { sequenceAt } from './position.ts';
import {
  type Append,
  type Appended,
  type Operation,
  type Row,
  type Store,
  type StoreOutcome,
  type StoreRequest,
  storeLimits,
} from './store.ts';
import { trimsLast } from './trims.ts';

/** Whose every context is until there is a cluster. */
const soleLease = 1;
const encoder = new TextEncoder();

interface Log {
  /** Those that are there: the first is the one behind `trimmed`. */
  rows: Row[];
  /** Up to here rows have been taken out. */
  trimmed: number;
  /** Sequence by id, and newest sequence by author. */
  readonly ids: Map<string, number>;
  readonly latest: Map<string, number>;
  readonly marks: Map<string, number>;
  readonly members: Map<string, number>;
  readonly records: Map<string, Uint8Array>;
}

/** The order of UTF-8 bytes, which is that of code points, not of UTF-16 units. */
function compareBytes(a: string, b: string): number {
  const [left, right] = [encoder.encode(a), encoder.encode(b)];
  const at = left.findIndex((byte, index) => byte !== right[index]);
  return at === -1 ? left.length - right.length : left[at]! - (right[at] ?? -1);
}

/** The newest sequence of a log, 0 where it has had no row. */
const lastOf = (log: Log | undefined): number => (log === undefined ? 0 : log.trimmed + log.rows.length);

/** A row that is there. */
const rowAt = (log: Log, sequence: number): Row | undefined => log.rows[sequence - log.trimmed - 1];

/** Bytes that a record takes, with its name; none when it is not there. */
const weightOf = (name: string, value: Uint8Array | undefined): number =>
  value === undefined || value.length === 0 ? 0 : encoder.encode(name).length + value.length;

/** A store that keeps everything in memory, and forgets it with the process. */
export class MemoryStore implements Store {
  readonly #logs = new Map<string, Log>();
  readonly #capacityBytes: number;
  #bytes = 0;

  /** Writes that would take all rows and records together past `capacityBytes` are refused with `_store_full`. */
  constructor(capacityBytes = 2 ** 30) {
    this.#capacityBytes = capacityBytes;
  }

  /** Does what is asked, wholly or not at all. Bytes of a write are copied; bytes that are read must not be changed. */
  perform(request: StoreRequest): StoreOutcome {
    const code = checkRequest(request);
    if (code !== null) return { kind: 'refused', request: request.request, code };
    if (request.kind === 'write') return this.#write(request.request, request.operations);
    if (request.kind === 'erase') {
      if (request.lease !== soleLease) return { kind: 'refused', request: request.request, code: '_store_lease' };
      for (const context of request.contexts) this.#erase(context);
      return { kind: 'erased', request: request.request };
    }
    if (request.kind === 'memberships') return this.#memberships(request);
    const log = this.#logs.get(request.context);
    const last = lastOf(log);
    switch (request.kind) {
      case 'read': {
        const rows: Row[] = [];
        const from = Math.max(request.after, log?.trimmed ?? 0);
        for (let at = from, bytes = 0; at < last && rows.length < request.rowsMax; at++) {
          const row = rowAt(log!, at + 1)!;
          rows.push(row);
          bytes += row.packet.length;
          if (bytes > storeLimits.pageBytesMax) break;
        }
        return { kind: 'rows', request: request.request, rows, last };
      }
      case 'latest': {
        const sequence = log?.latest.get(keyOfBytes(request.author));
        const rows = sequence === undefined ? [] : [rowAt(log!, sequence)!];
        return { kind: 'rows', request: request.request, rows, last };
      }
      case 'marks': {
        const marks = [...(log?.marks ?? [])].map(([name, sequence]) => ({ name, sequence }));
        return { kind: 'marks', request: request.request, marks, last };
      }
      case 'size': {
        const bytes = (log?.rows ?? []).reduce((sum, { packet }) => sum + packet.length, 0);
        return { kind: 'size', request: request.request, rows: log?.rows.length ?? 0, bytes };
      }
      case 'members': {
        const members = [...(log?.members ?? [])]
          .filter(([name]) => compareBytes(name, request.above) > 0)
          .sort(([a], [b]) => compareBytes(a, b))
          .slice(0, request.rowsMax)
          .map(([name, sequence]) => ({ name, sequence }));
        return { kind: 'members', request: request.request, members, last };
      }
      case 'records': {
        const records = [...(log?.records ?? [])]
          .sort(([a], [b]) => compareBytes(a, b))
          .map(([name, value]) => ({ name, value }));
        return { kind: 'records', request: request.request, records, last };
      }
    }
  }

  /** Names of all contexts that hold anything, in the order in which they came to be. */
  contexts(): string[] {
    return [...this.#logs.keys()];
  }

  #memberships({ request, member, above, rowsMax }: StoreRequest & { kind: 'memberships' }): StoreOutcome {
    const contexts = [...this.#logs]
      .filter(([context, { members }]) => members.has(member) && compareBytes(context, above) > 0)
      .map(([context]) => context)
      .sort(compareBytes)
      .slice(0, rowsMax);
    return { kind: 'memberships', request, contexts };
  }

  #erase(context: string): void {
    const log = this.#logs.get(context);
    if (log === undefined) return;
    this.#logs.delete(context);
    for (const { packet, author, id } of log.rows) this.#bytes -= packet.length + author.length + id.length;
    for (const [name, value] of log.records) this.#bytes -= weightOf(name, value);
  }

  #write(request: number, given: readonly Operation[]): StoreOutcome {
    const operations = trimsLast(given);
    // Everything that can be refused is refused before the first change: that makes the write atomic.
    const code = this.#refusal(operations);
    if (code !== null) return { kind: 'refused', request, code };
    const appended: Appended[] = [];
    /** The row that the write has appended last, by context. */
    const newest = new Map<string, number>();
    for (const operation of operations) {
      const log = this.#log(operation.context);
      if (operation.op === 'mark') {
        const sequence = sequenceAt(operation.sequence, newest.get(operation.context));
        if (sequence === -1) log.marks.delete(operation.name);
        else log.marks.set(operation.name, Math.max(sequence, log.marks.get(operation.name) ?? 0));
      } else if (operation.op === 'member') {
        const sequence = sequenceAt(operation.sequence, newest.get(operation.context));
        if (sequence === 0) log.members.delete(operation.name);
        else log.members.set(operation.name, sequence);
      } else if (operation.op === 'replace') {
        const row = rowAt(log, operation.sequence);
        if (row === undefined) continue;
        this.#bytes += operation.packet.length - row.packet.length;
        log.rows[operation.sequence - log.trimmed - 1] = { ...row, packet: copyBytes(operation.packet) };
      } else if (operation.op === 'trim') {
        this.#trim(log, operation.sequence);
      } else if (operation.op === 'record') {
        const { name, value } = operation;
        this.#bytes += weightOf(name, value) - weightOf(name, log.records.get(name));
        if (value.length === 0) log.records.delete(name);
        else log.records.set(name, copyBytes(value));
      } else {
        const row = this.#append(log, operation);
        newest.set(operation.context, row.sequence);
        appended.push(row);
      }
    }
    return { kind: 'written', request, appended };
  }

  #refusal(operations: readonly Operation[]): StoreCode | null {
    const names = new Map<string, Set<string>>();
    /** Ids that this write adds, by context: how much longer each log will be. */
    const added = new Map<string, Set<string>>();
    const entered = new Map<string, Set<string>>();
    const recorded = new Map<string, Map<string, Uint8Array>>();
    let bytes = this.#bytes;
    for (const operation of operations) {
      const { context } = operation;
      const log = this.#logs.get(context);
      if (operation.lease !== soleLease) return '_store_lease';
      const ids = added.get(context) ?? new Set();
      added.set(context, ids);
      if (operation.op === 'append') {
        const id = keyOfBytes(operation.id);
        if (log?.ids.has(id) || ids.has(id)) {
          if (operation.absent === true) return '_store_existing_row';
          continue;
        }
        ids.add(id);
        bytes += operation.packet.length + operation.author.length + operation.id.length;
        if (bytes > this.#capacityBytes) return '_store_full';
      } else if (operation.op === 'member') {
        const present = entered.get(context) ?? new Set(log?.members.keys());
        entered.set(context, present);
        if (operation.sequence === 0) present.delete(operation.name);
        else if (present.add(operation.name).size > storeLimits.membersMax) return '_store_excessive_members';
      } else if (operation.op === 'replace' || operation.op === 'trim') {
        if (operation.sequence > lastOf(log) + ids.size) return '_store_invalid_sequence';
      } else if (operation.op === 'record') {
        const { name, value } = operation;
        const records = recorded.get(context) ?? new Map(log?.records);
        recorded.set(context, records);
        const there = records.get(name);
        if (operation.absent === true && there !== undefined && !equalBytes(there, value))
          return '_store_existing_record';
        const more = weightOf(name, value) - weightOf(name, there);
        bytes += more;
        if (more > 0 && bytes > this.#capacityBytes) return '_store_full';
        if (value.length === 0) records.delete(name);
        else if (records.set(name, value).size > storeLimits.recordsMax) return '_store_excessive_records';
      } else {
        const { name, sequence } = operation;
        const isPast = typeof sequence === 'number' && sequence > lastOf(log) + ids.size;
        if (isPast) return '_store_invalid_sequence';
        const known = names.get(context) ?? new Set(log?.marks.keys());
        names.set(context, known);
        if (sequence === -1) known.delete(name);
        else if (known.add(name).size > storeLimits.marksMax) return '_store_excessive_marks';
      }
    }
    return null;
  }

  #trim(log: Log, sequence: number): void {
    const gone = log.rows.slice(0, Math.max(0, sequence - log.trimmed));
    log.rows = log.rows.slice(gone.length);
    log.trimmed += gone.length;
    for (const { packet, author, id, sequence: at } of gone) {
      this.#bytes -= packet.length + author.length + id.length;
      log.ids.delete(keyOfBytes(id));
      const key = keyOfBytes(author);
      if (log.latest.get(key) === at) log.latest.delete(key);
    }
  }

  #append(log: Log, { author, id, packet, lease }: Append): Appended {
    const idKey = keyOfBytes(id);
    const there = log.ids.get(idKey);
    if (there !== undefined) return { sequence: there, already: true };
    const sequence = lastOf(log) + 1;
    log.rows.push({ sequence, lease, author: copyBytes(author), id: copyBytes(id), packet: copyBytes(packet) });
    log.ids.set(idKey, sequence);
    log.latest.set(keyOfBytes(author), sequence);
    this.#bytes += packet.length + author.length + id.length;
    return { sequence, already: false };
  }

  #log(context: string): Log {
    let log = this.#logs.get(context);
    if (log === undefined) {
      log = {
        rows: [],
        trimmed: 0,
        ids: new Map(),
        latest: new Map(),
        marks: new Map(),
        members: new Map(),
        records: new Map(),
      };
      this.#logs.set(context, log);
    }
    return log;
  }
}
