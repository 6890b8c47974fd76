/** Who has cells opened: a few threads, each given one cell after the other. docs/spec/listener-bots.md#in-a-server */
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import type { Found, OpenJob } from '../../listener-bots/opening.ts';
import type { Answered } from './open-thread.ts';

/** The thread's program: built, since a thread knows no TypeScript. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/server/mor/open-thread.js' : './open-thread.js',
  import.meta.url,
);

const THREADS_MAX = 4;

interface Thread {
  readonly worker: Worker;
  /** What it was given and has not answered, by job. */
  readonly given: Map<number, (found: Found) => void>;
}

/** Threads that begin with the first cell. How many cells wait is limited by who asks. */
export class OpenPool {
  readonly #threads: Thread[] = [];
  readonly #max: number;
  readonly #failed: (error: unknown) => void;
  #isOver = false;

  /** `failed` is told of a mistake of ours in a thread: its cells count as nobody's, and another thread is begun. */
  constructor(failed: (error: unknown) => void, max = Math.max(1, Math.min(THREADS_MAX, availableParallelism() - 1))) {
    this.#failed = failed;
    this.#max = max;
  }

  /** Opens a cell; `found` is called once, unless the pool is closed before. */
  open(job: OpenJob, found: (found: Found) => void): void {
    if (this.#isOver) return;
    const thread = this.#idlest();
    thread.given.set(job.job, found);
    thread.worker.postMessage(job);
  }

  /** Ends the threads. */
  async close(): Promise<void> {
    this.#isOver = true;
    await Promise.all(this.#threads.splice(0).map(({ worker }) => worker.terminate()));
  }

  #idlest(): Thread {
    const [first] = this.#threads.toSorted((one, other) => one.given.size - other.given.size);
    if (first !== undefined && (first.given.size === 0 || this.#threads.length >= this.#max)) return first;
    const thread: Thread = { worker: new Worker(program), given: new Map() };
    const { worker, given } = thread;
    this.#threads.push(thread);
    // The server ends when its ports are closed, not when this thread does.
    worker.unref();
    worker.on('message', ({ job, found }: Answered) => {
      const answer = given.get(job);
      given.delete(job);
      answer?.(found);
    });
    worker.on('error', (error) => {
      this.#threads.splice(this.#threads.indexOf(thread), 1);
      this.#failed(error);
      for (const answer of given.values()) answer({ kind: 'nothing', code: null });
    });
    return thread;
  }
}
