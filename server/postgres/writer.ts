/** Group commit: writes that come while a commit is in flight go into the next one together. docs/spec/federation.md#store */
import { setImmediate } from 'node:timers/promises';
import { copyBytes } from '../../psyc/bytes.ts';
import type { Operation, StoreOutcome, StoreRequest } from '../../store/store.ts';
import { commit } from './commit.ts';
import { erase } from './erase.ts';
import { codeOf, failureOf } from './failures.ts';
import type { Link } from './link.ts';
import { contextsOf, lookUp } from './lookup.ts';
import { type Plan, plan, type Write } from './plan.ts';
import { type ContextState, States } from './states.ts';

/** What waits and what goes together; bytes count authors, ids, packets and values. */
const WAITING_WRITES_MAX = 65_536;
const WAITING_BYTES_MAX = 134_217_728;
const GROUP_OPERATIONS_MAX = 4096;
const GROUP_BYTES_MAX = 16_777_216;

/** How often a group is planned again because another process was faster. */
const STALE_MAX = 8;

/** Operations that are planned on what the database says, and never on what is remembered. */
const lookedUp: ReadonlySet<Operation['op']> = new Set(['member', 'record', 'trim']);

interface Waiting extends Write {
  readonly bytes: number;
  readonly answer: (outcome: StoreOutcome) => void;
}

/** The operations with bytes of their own, and how many those are. */
function copyOf(operations: readonly Operation[]): { operations: Operation[]; bytes: number } {
  let bytes = 0;
  const copies = operations.map((operation) => {
    if (operation.op === 'record') {
      bytes += operation.value.length;
      return { ...operation, value: copyBytes(operation.value) };
    }
    if (operation.op === 'replace') {
      bytes += operation.packet.length;
      return { ...operation, packet: copyBytes(operation.packet) };
    }
    if (operation.op !== 'append') return operation;
    const { author, id, packet } = operation;
    bytes += author.length + id.length + packet.length;
    return { ...operation, author: copyBytes(author), id: copyBytes(id), packet: copyBytes(packet) };
  });
  return { operations: copies, bytes };
}

/** Takes writes that are within the limits, one group after another. */
export class Writer {
  readonly #link: Link;
  readonly #states = new States();
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #isRunning = false;
  #generation = 0;

  constructor(link: Link) {
    this.#link = link;
  }

  /** To be called when the connection was lost: what is remembered may be older than a write that was not answered. */
  forget(): void {
    this.#generation++;
    this.#states.clear();
  }

  /** Never rejects. `_store_full` also where more waits than may wait. */
  async write({ request, operations }: Write): Promise<StoreOutcome> {
    if (this.#waiting.length >= WAITING_WRITES_MAX || this.#waitingBytes >= WAITING_BYTES_MAX)
      return { kind: 'refused', request, code: '_store_full' };
    const copy = copyOf(operations);
    this.#waitingBytes += copy.bytes;
    return new Promise((answer) => {
      this.#waiting.push({ request, ...copy, answer });
      if (!this.#isRunning) void this.#run();
    });
  }

  /** Never rejects. Whatever is planned meanwhile on a context as it was is planned again. */
  async erase({ request, contexts, lease }: StoreRequest & { kind: 'erase' }): Promise<StoreOutcome> {
    try {
      const isOurs = await erase(this.#link, contexts, lease);
      return isOurs ? { kind: 'erased', request } : { kind: 'refused', request, code: '_store_lease' };
    } catch (error) {
      return { kind: 'refused', request, code: codeOf(failureOf(error)) };
    } finally {
      for (const context of contexts) this.#states.delete(context);
    }
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    while (this.#waiting.length > 0) {
      // Those whose answers or packets arrive in this turn of the loop come along.
      await setImmediate();
      await this.#perform(this.#gather());
    }
    this.#isRunning = false;
  }

  #gather(): Waiting[] {
    let count = 0;
    let operations = 0;
    let bytes = 0;
    /** Contexts of which the group takes rows out: what has an id of those is for the next, since one statement does not see what it deletes. */
    const trimmed = new Set<string>();
    for (const write of this.#waiting) {
      operations += write.operations.length;
      if (write.operations.some(({ op, context }) => op === 'append' && trimmed.has(context))) break;
      for (const { op, context } of write.operations) if (op === 'trim') trimmed.add(context);
      if (count > 0 && (operations > GROUP_OPERATIONS_MAX || bytes + write.bytes > GROUP_BYTES_MAX)) break;
      bytes += write.bytes;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count);
  }

  /** Answers every write of a group: together, or where PostgreSQL refuses the whole, in halves, so that one spoils no other. */
  async #perform(group: readonly Waiting[]): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        const { outcomes } = await this.#commit(group, attempt > 0);
        for (const [at, outcome] of outcomes.entries()) group[at]!.answer(outcome);
        return;
      } catch (error) {
        for (const context of contextsOf(group).all) this.#states.delete(context);
        const failure = failureOf(error);
        if (failure === 'stale' && attempt < STALE_MAX) continue;
        if (failure === 'refused' && group.length > 1) {
          const middle = group.length >> 1;
          await this.#perform(group.slice(0, middle));
          return this.#perform(group.slice(middle));
        }
        const code = codeOf(failure);
        for (const { request, answer } of group) answer({ kind: 'refused', request, code });
        return;
      }
    }
  }

  async #commit(group: readonly Write[], mustLookUp: boolean): Promise<Plan> {
    const generation = this.#generation;
    let planned = mustLookUp ? null : this.#fromMemory(group);
    // A refusal is answered only on what the database says now: nothing would check it otherwise.
    if (planned === null || planned.refuses) {
      planned = plan(group, await lookUp(this.#link, group));
    }
    const keys = await commit(this.#link, planned);
    if (generation !== this.#generation) return planned;
    for (const [context, key] of keys) {
      const { found, marks, lease, last, memberCount } = planned.drafts.get(context)!;
      this.#states.set(context, { key, lease, last, revision: found.revision + 1, members: memberCount, marks });
    }
    return planned;
  }

  /** A plan on what is remembered, as if no id were there: the statement fails if one is. Null if not enough is remembered. */
  #fromMemory(group: readonly Write[]): Plan | null {
    // Who is a member is remembered for nobody: there may be a hundred thousand. Nor are records: they change seldom. A row
    // that the same group takes out is not written, so that no statement finds out whether its id was there.
    if (group.some(({ operations }) => operations.some(({ op }) => lookedUp.has(op)))) return null;
    const { all, withMarks } = contextsOf(group);
    const states = new Map<string, ContextState>();
    for (const context of all) {
      const state = this.#states.get(context);
      if (state === undefined || (state.marks === null && withMarks.has(context))) return null;
      states.set(context, state);
    }
    return plan(group, { states, ids: new Map(), present: new Map(), records: new Map() });
  }
}
