/** A faulty disk around the store's memory twin: slow, full, cut off, or interrupted by a crash. docs/simulator.md#disk */
import { MemoryStore } from '../store/memory.ts';
import type { StoreCode } from '../store/errors.ts';
import type { Append, StoreOutcome, StoreRequest } from '../store/store.ts';
import type { Clock } from './clock.ts';
import type { Faults } from './faults.ts';
import type { Random } from './random.ts';

/** What a simulated node keeps its data on. Plants put their own in its place. */
export interface Disk {
  /** Asks the store; the answer comes later, or never if the host crashes before. */
  request(request: StoreRequest, answer: (outcome: StoreOutcome) => void): void;
  /** The host stops: nobody is told anything any more about what was asked before. */
  crash(): void;
  /** What really is there now, looked at from outside: every context's packets in order. */
  audit(): Map<string, Uint8Array[]>;
  /** Requests that have not been answered. */
  readonly unanswered: number;
}

/** Told of every append the moment it has become durable, in order. */
export type DurableListener = (append: Append, sequence: number) => void;

type Change = Extract<StoreRequest, { kind: 'write' | 'erase' }>;

const contextsOf = (request: Change): readonly string[] =>
  request.kind === 'erase' ? request.contexts : request.operations.map(({ context }) => context);

interface Pending {
  readonly request: StoreRequest;
  readonly answer: (outcome: StoreOutcome) => void;
  /** Lost ones are not answered by the disk's normal course. */
  settled: boolean;
}

/** The memory twin with latency and faults. Writes are committed in the order in which they were asked. */
export class FaultyDisk implements Disk {
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #faults: Faults;
  readonly #durable: DurableListener;
  readonly #store: MemoryStore;
  /** Asked and not yet committed, oldest first. */
  #pending: Pending[] = [];
  #unanswered = 0;
  #freeAtUs = 0;
  #fullUntilUs = 0;
  /** Counts interruptions; and the latest of those spans in which a write to each context was done. */
  #span = 0;
  readonly #writtenIn = new Map<string, number>();
  /** Counts crashes: answers to an earlier life are not given. */
  #life = 0;

  /** `store`: what is on the disk from the beginning. */
  constructor(
    clock: Clock,
    random: Random,
    faults: Faults,
    durable: DurableListener,
    store: MemoryStore = new MemoryStore(),
  ) {
    this.#store = store;
    this.#clock = clock;
    this.#random = random;
    this.#faults = faults;
    this.#durable = durable;
    this.#planFull();
  }

  get unanswered(): number {
    return this.#unanswered;
  }

  request(request: StoreRequest, answer: (outcome: StoreOutcome) => void): void {
    this.#unanswered++;
    const pending = { request, answer, settled: false };
    this.#pending.push(pending);
    if (this.#random.chance(this.#faults.rates.storeLoss)) {
      this.#clock.after(this.#random.exponential(this.#faults.rates.diskUsMean), () => this.#lose(pending));
    }
    // One after the other: a request waits for those before it.
    this.#freeAtUs = Math.max(this.#freeAtUs, this.#clock.nowUs) + this.#latencyUs();
    this.#clock.at(this.#freeAtUs, () => this.#commit(pending));
  }

  crash(): void {
    this.#life++;
    this.#unanswered = 0;
    this.#interrupt();
  }

  audit(): Map<string, Uint8Array[]> {
    const found = new Map<string, Uint8Array[]>();
    for (const context of this.#store.contexts()) {
      const packets: Uint8Array[] = [];
      for (;;) {
        const page = this.#store.perform({ kind: 'read', request: 0, context, after: packets.length, rowsMax: 512 });
        if (page.kind !== 'rows' || page.rows.length === 0) break;
        for (const row of page.rows) packets.push(row.packet);
      }
      found.set(context, packets);
    }
    return found;
  }

  #latencyUs(): number {
    const { diskUsMin, diskUsMean, diskStall } = this.#faults.rates;
    if (!this.#random.chance(diskStall)) return diskUsMin + this.#random.exponential(diskUsMean);
    this.#faults.happened('slow disk');
    return diskUsMin + 20 * diskUsMean;
  }

  #commit(pending: Pending): void {
    if (pending.settled) return;
    pending.settled = true;
    this.#pending.shift();
    const outcome = this.#perform(pending.request, this.#span);
    // The answer takes its own time: a crash in between leaves a commit that nobody heard of.
    const life = this.#life;
    this.#clock.after(this.#faults.rates.diskUsMin, () => {
      if (life === this.#life) this.#answer(pending, outcome);
      else if (outcome.kind === 'written' || outcome.kind === 'erased') this.#faults.happened('unheard commit');
    });
  }

  #answer(pending: Pending, outcome: StoreOutcome): void {
    this.#unanswered--;
    pending.answer(outcome);
  }

  /** The connection to the store is gone: every request under way is done or not, and the asker knows neither. */
  #lose(cause: Pending): void {
    if (cause.settled || this.#faults.rates.storeLoss === 0) return;
    this.#faults.happened('store lost');
    for (const pending of this.#interrupt()) this.#answer(pending, refused(pending.request, '_store_lost'));
  }

  /**
   * Ends everything under way: the first few requests are committed, now or a little later (a database finishes what it
   * was sent even when the sender is gone), the others never. A request is one or the other as a whole. What would come
   * later than a write that was asked for afterwards does not come: a database finds that its context has changed.
   */
  #interrupt(): Pending[] {
    const interrupted = this.#pending;
    const span = this.#span++;
    this.#pending = [];
    this.#freeAtUs = 0;
    const committed = interrupted.length === 0 ? 0 : this.#random.below(interrupted.length + 1);
    let delayUs = 0;
    interrupted.forEach((pending, index) => {
      pending.settled = true;
      const { request } = pending;
      if (request.kind !== 'write' && request.kind !== 'erase') return;
      if (index >= committed) this.#faults.happened('lost batch');
      else if (this.#random.chance(0.5)) {
        this.#faults.happened('unheard commit');
        this.#clock.after(delayUs, () => this.#performLate(request, span));
      } else {
        this.#faults.happened('late commit');
        delayUs += this.#random.exponential(10 * this.#faults.rates.diskUsMean);
        this.#clock.after(delayUs, () => this.#performLate(request, span));
      }
    });
    return interrupted;
  }

  #performLate(request: Change, span: number): void {
    if (contextsOf(request).every((context) => (this.#writtenIn.get(context) ?? 0) <= span))
      this.#perform(request, span);
  }

  #perform(request: StoreRequest, span: number): StoreOutcome {
    const isFull = this.#clock.nowUs < this.#fullUntilUs && this.#faults.rates.diskFullIntervalUsMean > 0;
    if (request.kind === 'write' && isFull) {
      this.#faults.happened('disk full');
      return refused(request, '_store_full');
    }
    const outcome = this.#store.perform(request);
    if ((request.kind !== 'write' && request.kind !== 'erase') || outcome.kind === 'refused') return outcome;
    for (const context of contextsOf(request)) this.#writtenIn.set(context, span);
    if (request.kind === 'erase' || outcome.kind !== 'written') return outcome;
    const appends = request.operations.filter((operation): operation is Append => operation.op === 'append');
    appends.forEach((append, index) => {
      const appended = outcome.appended[index]!;
      if (!appended.already) this.#durable(append, appended.sequence);
    });
    return outcome;
  }

  #planFull(): void {
    const { diskFullIntervalUsMean, diskFullUsMean } = this.#faults.rates;
    if (diskFullIntervalUsMean === 0) return;
    this.#clock.after(this.#random.exponential(diskFullIntervalUsMean), () => {
      if (this.#faults.rates.diskFullIntervalUsMean === 0) return;
      this.#fullUntilUs = this.#clock.nowUs + this.#random.exponential(diskFullUsMean);
      this.#planFull();
    });
  }
}

const refused = (request: StoreRequest, code: StoreCode): StoreOutcome => ({
  kind: 'refused',
  request: request.request,
  code,
});
