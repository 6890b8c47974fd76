/** Who has cells opened: a few threads, each given several cells at a time. docs/spec/listener-bots.md#in-a-server */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Found, OpenJob } from '../../listener-bots/opening.ts';
import type { Answers, Jobs } from './open-thread.ts';

/** The thread's program: built, since a thread knows no TypeScript. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/server/mor/open-thread.js' : './open-thread.js',
  import.meta.url,
);

const THREADS_MAX = 4;
/** Passing a message takes the server a good part of what opening takes the thread: where many cells wait they share one. */
const BATCH_CELLS_MAX = 32;
/** One that a thread works on, and one that it finds when it is done. */
const BATCHES_OF_ONE_MAX = 2;

interface Given {
  readonly job: OpenJob;
  readonly found: (found: Found) => void;
}

interface Thread {
  readonly worker: Worker;
  /** What it has not answered, the oldest first: it answers in order. */
  readonly given: (readonly Given[])[];
}

/** Threads that begin with the first cell. How many cells wait is limited by who asks. */
export class OpenPool {
  readonly #threads: Thread[] = [];
  readonly #max: number;
  readonly #failed: (error: unknown) => void;
  #waiting: Given[] = [];
  #isGiving = false;
  #isOver = false;

  /** `failed` is told of a mistake of ours in a thread: its cells count as nobody's, and another thread is begun. */
  constructor(failed: (error: unknown) => void, max = Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1))) {
    this.#failed = failed;
    this.#max = max;
  }

  /** Opens a cell; `found` is called once, unless the pool is closed before. */
  open(job: OpenJob, found: (found: Found) => void): void {
    if (this.#isOver) return;
    this.#waiting.push({ job, found });
    if (this.#isGiving) return;
    this.#isGiving = true;
    // What one step of the listener wants opened goes together.
    queueMicrotask(() => this.#give());
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#isOver = true;
    this.#waiting = [];
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #give(): void {
    this.#isGiving = false;
    while (this.#waiting.length > 0) {
      const thread = this.#free();
      if (thread === null) return;
      const share = Math.ceil(this.#waiting.length / this.#max);
      const batch = this.#waiting.splice(0, Math.min(share, BATCH_CELLS_MAX));
      thread.given.push(batch);
      const jobs: Jobs = batch.map(({ job }) => job);
      thread.worker.postMessage(jobs);
    }
  }

  /** The thread that has least to do, a new one rather than one that works; null: all have enough. */
  #free(): Thread | null {
    const [first] = this.#threads.toSorted((one, other) => one.given.length - other.given.length);
    const isBusy = first === undefined || first.given.length > 0;
    if (isBusy && this.#threads.length < this.#max) return this.#begin();
    return first !== undefined && first.given.length < BATCHES_OF_ONE_MAX ? first : null;
  }

  #begin(): Thread {
    const thread: Thread = { worker: new Worker(program), given: [] };
    const { worker, given } = thread;
    this.#threads.push(thread);
    // The server ends when its ports are closed, not when this thread does.
    worker.unref();
    worker.on('message', (answers: Answers) => {
      const batch = given.shift() ?? [];
      for (const [at, { found }] of batch.entries()) found(answers[at]!);
      this.#give();
    });
    worker.on('error', (error) => {
      this.#threads.splice(this.#threads.indexOf(thread), 1);
      this.#failed(error);
      for (const { found } of given.flat()) found({ kind: 'nothing', code: null });
      if (!this.#isOver) this.#give();
    });
    return thread;
  }
}
