/** What a group of writes comes to, request by request, as the memory twin would have it; touches nothing. docs/spec/federation.md#store */
import { createHash } from 'node:crypto';
import { equalBytes } from '../../psyc/bytes.ts';
import type { StoreCode } from '../../store/errors.ts';
import { type Append, type Appended, type Operation, type StoreOutcome, storeLimits } from '../../store/store.ts';
import { sequenceAt } from '../../store/position.ts';
import { trimsLast } from '../../store/trims.ts';
import type { ContextState } from './states.ts';

/** A write that waits for its group. */
export interface Write {
  readonly request: number;
  readonly operations: readonly Operation[];
}

/** What a group is planned on, as the database has it. */
export interface Found {
  readonly states: ReadonlyMap<string, ContextState>;
  /** Sequence by id, of those that are there of the ids that the writes name. */
  readonly ids: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Members that are in, of those that the writes name. */
  readonly present: ReadonlyMap<string, ReadonlySet<string>>;
  /** All records of the contexts whose records the writes set; a digest for each that they name, else ''. */
  readonly records: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** A context on the way through a group: what was found, and what the group made of it so far. */
export interface Draft {
  readonly found: ContextState;
  /** Sequence by id: of rows that were there, as far as looked up, and of rows of this group. */
  readonly ids: Map<string, number>;
  /** Highest sequence of each mark that the group moves; -1 where it takes the mark out. */
  readonly moved: Map<string, number>;
  /** Sequence of each mark that was there, and that the group takes out and makes anew. */
  readonly anew: Map<string, number>;
  /** Names of all marks as they will be; null where the group names none. */
  marks: Set<string> | null;
  /** Members that the group enters, or with 0 takes out. */
  readonly members: Map<string, number>;
  /** Of the members that the group names, those who are in. */
  readonly present: Set<string>;
  memberCount: number;
  /** All records as they will be: values of this group, and of those that were there a digest. */
  readonly held: Map<string, Uint8Array | string>;
  /** Records that the group sets, or with an empty value takes out. */
  readonly records: Map<string, Uint8Array>;
  lease: number;
  last: number;
  /** Rows up to here are taken out; 0: none. */
  trimmed: number;
  isTouched: boolean;
}

/** A row to insert. */
interface PlannedRow {
  readonly append: Append;
  readonly sequence: number;
}

/** A packet for a row that the database has. */
interface PlannedReplacement {
  readonly context: string;
  readonly sequence: number;
  readonly packet: Uint8Array;
}

/** What is to be written, and what to answer once it is. */
export interface Plan {
  readonly outcomes: readonly StoreOutcome[];
  readonly drafts: ReadonlyMap<string, Draft>;
  readonly rows: readonly PlannedRow[];
  readonly replacements: readonly PlannedReplacement[];
  /** Whether some answer leans on what was found, and not on what the write will check: a refusal. */
  readonly refuses: boolean;
}

/** An id as a map key: one unit a byte. */
export const idKey = (id: Uint8Array): string =>
  Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');

/** SHA-256 in hexadecimal: a value that is there is compared without being fetched. */
const digestOf = (value: Uint8Array): string => createHash('sha256').update(value).digest('hex');

const isSame = (held: Uint8Array | string, value: Uint8Array): boolean =>
  typeof held === 'string' ? held === digestOf(value) : equalBytes(held, value);

/** Why a write is refused as a whole, or null. */
function refusalOf(operations: readonly Operation[], draftOf: (context: string) => Draft): StoreCode | null {
  const names = new Map<string, Map<string, boolean>>();
  const fresh = new Map<string, Set<string>>();
  const members = new Map<string, Map<string, boolean>>();
  const records = new Map<string, Map<string, Uint8Array | string>>();
  for (const operation of operations) {
    const { context } = operation;
    const draft = draftOf(context);
    if (operation.lease !== draft.lease) return '_store_lease';
    if (operation.op === 'append') {
      const id = idKey(operation.id);
      const ids = fresh.get(context);
      if (operation.absent === true && (draft.ids.has(id) || ids?.has(id))) return '_store_existing_row';
      if (draft.ids.has(id)) continue;
      if (ids === undefined) fresh.set(context, new Set([id]));
      else ids.add(id);
    } else if (operation.op === 'member') {
      const changes = members.get(context) ?? new Map<string, boolean>();
      members.set(context, changes.set(operation.name, operation.sequence !== 0));
      let count = draft.memberCount;
      for (const [name, isIn] of changes) count += Number(isIn) - Number(draft.present.has(name));
      if (operation.sequence !== 0 && count > storeLimits.membersMax) return '_store_excessive_members';
    } else if (operation.op === 'replace' || operation.op === 'trim') {
      if (operation.sequence > draft.last + (fresh.get(context)?.size ?? 0)) return '_store_invalid_sequence';
    } else if (operation.op === 'record') {
      const { name, value } = operation;
      const held = records.get(context) ?? new Map(draft.held);
      records.set(context, held);
      const there = held.get(name);
      if (operation.absent === true && there !== undefined && !isSame(there, value)) return '_store_existing_record';
      if (value.length === 0) held.delete(name);
      else if (held.set(name, value).size > storeLimits.recordsMax) return '_store_excessive_records';
    } else {
      const { name, sequence } = operation;
      const last = draft.last + (fresh.get(context)?.size ?? 0);
      if (typeof sequence === 'number' && sequence > last) return '_store_invalid_sequence';
      const marks = names.get(context) ?? new Map<string, boolean>();
      names.set(context, marks.set(name, sequence !== -1));
      let count = draft.marks!.size;
      for (const [named, isIn] of marks) count += Number(isIn) - Number(draft.marks!.has(named));
      if (sequence !== -1 && count > storeLimits.marksMax) return '_store_excessive_marks';
    }
  }
  return null;
}

/** Moves a mark forward, makes it, or takes it out (-1). */
function move({ found, marks, moved, anew }: Draft, name: string, sequence: number): void {
  const isThere = marks!.has(name);
  if (sequence === -1) {
    marks!.delete(name);
    anew.delete(name);
    if (found.marks!.has(name)) moved.set(name, -1);
    else moved.delete(name);
    return;
  }
  marks!.add(name);
  // One that the database still has, and further on perhaps, begins where it is told to.
  const isAnew = anew.has(name) || (!isThere && found.marks!.has(name));
  const [changed, other] = isAnew ? [anew, moved] : [moved, anew];
  other.delete(name);
  changed.set(name, Math.max(sequence, changed.get(name) ?? 0));
}

/**
 * Plans writes in their order on what was `found`. Writes are within the limits, the state of every context named is
 * found, and those with marks to move have their marks.
 */
export function plan(given: readonly Write[], { states, ids, present, records }: Found): Plan {
  const writes = given.map(({ request, operations }) => ({ request, operations: trimsLast(operations) }));
  const drafts = new Map<string, Draft>();
  let rows: PlannedRow[] = [];
  /** By context and sequence: the last word counts. */
  const replacements = new Map<string, PlannedReplacement>();
  const outcomes: StoreOutcome[] = [];
  let refuses = false;
  const draftOf = (context: string): Draft => {
    let draft = drafts.get(context);
    if (draft === undefined) {
      const state = states.get(context)!;
      const { lease, last } = state;
      draft = {
        found: state,
        ids: new Map(ids.get(context)),
        moved: new Map(),
        anew: new Map(),
        marks: state.marks === null ? null : new Set(state.marks),
        members: new Map(),
        present: new Set(present.get(context)),
        memberCount: state.members,
        held: new Map(records.get(context)),
        records: new Map(),
        lease,
        last,
        trimmed: 0,
        isTouched: false,
      };
      drafts.set(context, draft);
    }
    return draft;
  };
  for (const { request, operations } of writes) {
    const code = refusalOf(operations, draftOf);
    if (code !== null) {
      refuses = true;
      outcomes.push({ kind: 'refused', request, code });
      continue;
    }
    const appended: Appended[] = [];
    const newest = new Map<string, number>();
    for (const operation of operations) {
      const draft = draftOf(operation.context);
      draft.isTouched = true;
      if (operation.op === 'mark') {
        move(draft, operation.name, sequenceAt(operation.sequence, newest.get(operation.context)));
      } else if (operation.op === 'member') {
        const { name } = operation;
        const sequence = sequenceAt(operation.sequence, newest.get(operation.context));
        draft.members.set(name, sequence);
        if (sequence > 0 && !draft.present.has(name)) draft.memberCount++;
        if (sequence === 0 && draft.present.has(name)) draft.memberCount--;
        if (sequence > 0) draft.present.add(name);
        else draft.present.delete(name);
      } else if (operation.op === 'replace') {
        const { context, sequence, packet } = operation;
        if (sequence <= draft.trimmed) continue;
        const at = rows.findIndex((row) => row.sequence === sequence && row.append.context === context);
        // A row of this very group is not there yet.
        if (at === -1) replacements.set(`${context} ${sequence}`, { context, sequence, packet });
        else rows[at] = { sequence, append: { ...rows[at]!.append, packet } };
      } else if (operation.op === 'trim') {
        const { context, sequence } = operation;
        const isGone = (row: { readonly sequence: number }): boolean => row.sequence <= sequence;
        draft.trimmed = Math.max(draft.trimmed, sequence);
        // A statement does not see what it writes itself.
        rows = rows.filter((row) => row.append.context !== context || !isGone(row));
        for (const [key, planned] of replacements)
          if (planned.context === context && isGone(planned)) replacements.delete(key);
      } else if (operation.op === 'record') {
        const { name, value } = operation;
        draft.records.set(name, value);
        if (value.length === 0) draft.held.delete(name);
        else draft.held.set(name, value);
      } else {
        const id = idKey(operation.id);
        const there = draft.ids.get(id);
        const sequence = there ?? ++draft.last;
        appended.push({ sequence, already: there !== undefined });
        newest.set(operation.context, sequence);
        if (there !== undefined) continue;
        draft.ids.set(id, sequence);
        rows.push({ append: operation, sequence });
      }
    }
    outcomes.push({ kind: 'written', request, appended });
  }
  return { outcomes, drafts, rows, replacements: [...replacements.values()], refuses };
}
