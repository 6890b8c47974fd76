/** Who asks the thread that reads keys: one question at a time, a few that wait, none for ever. docs/spec/key-server.md#adding */
import { Worker } from 'node:worker_threads';
import { PkiError } from '../../pki/error.ts';
import type { RingKey } from '../../pki/ring.ts';
import type { Wanted } from '../../pki/ring-parts.ts';
import type { Timers } from '../transport/timers.ts';
import type { ClerkAnswer, ClerkQuestion } from './clerk-thread.ts';
import { KeyServerError } from './errors.ts';
import type { KeyServerLimits } from './limits.ts';

/** The thread's program: built, since a thread knows no TypeScript. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/server/keys/clerk-thread.js' : './clerk-thread.js',
  import.meta.url,
);

type Waiting = {
  readonly question: ClerkQuestion;
  readonly answered: (answer: ClerkAnswer) => void;
  readonly failed: (error: unknown) => void;
};

const busy = (): KeyServerError => new KeyServerError('_keys_busy', 'too many keys at once: try again');

/** Reads keys in a thread that begins with the first of them. */
export class Clerk {
  readonly #limits: KeyServerLimits;
  readonly #timers: Timers;
  readonly #waiting: Waiting[] = [];
  #worker: Worker | null = null;
  #now: Waiting | null = null;
  #cancel: () => void = () => {};
  #isOver = false;

  constructor(limits: KeyServerLimits, timers: Timers) {
    this.#limits = limits;
    this.#timers = timers;
  }

  /** A key out of a form, and what has to be looked up for it. Rejects with PkiError, KeyServerError `_keys_busy`. */
  async read(form: Uint8Array): Promise<{ readonly key: Uint8Array; readonly wanted: Wanted }> {
    return told(await this.#ask({ kind: 'read', form }), 'wanted');
  }

  /** What has to be looked up for a key. Rejects in the same way. */
  async wanted(key: Uint8Array): Promise<Wanted> {
    return told(await this.#ask({ kind: 'wanted', key }), 'wanted').wanted;
  }

  /** `admit` of pki/ring.ts, for the keys of authorities. Rejects in the same way. */
  async admit(copies: readonly Uint8Array[], authorities: readonly Uint8Array[], now: number): Promise<RingKey> {
    return told(await this.#ask({ kind: 'admit', copies, authorities, now }), 'admitted').key;
  }

  /** Ends the thread; who waits is refused. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#end();
  }

  #ask(question: ClerkQuestion): Promise<ClerkAnswer> {
    if (this.#isOver || this.#waiting.length >= this.#limits.formsMax) return Promise.reject(busy());
    return new Promise((answered, failed) => {
      this.#waiting.push({ question, answered, failed });
      this.#next();
    });
  }

  #next(): void {
    if (this.#now !== null) return;
    this.#now = this.#waiting.shift() ?? null;
    if (this.#now === null) return;
    this.#worker ??= this.#begin();
    this.#worker.postMessage(this.#now.question);
    this.#cancel = this.#timers.after(this.#limits.formMsMax, () => void this.#end());
  }

  #begin(): Worker {
    const worker = new Worker(program);
    // The server ends when its ports are closed, not when this thread does.
    worker.unref();
    worker.on('message', (answer: ClerkAnswer) => {
      const { answered } = this.#settle();
      answered(answer);
      this.#next();
    });
    // A mistake of ours in the thread: whoever asked is told, and the next question has a new one.
    worker.on('error', (error) => {
      this.#worker = null;
      const { failed } = this.#settle();
      failed(error);
      this.#next();
    });
    return worker;
  }

  #settle(): Waiting {
    const settled = this.#now;
    if (settled === null) throw new Error('an answer to no question');
    this.#cancel();
    this.#now = null;
    return settled;
  }

  async #end(): Promise<void> {
    const worker = this.#worker;
    this.#worker = null;
    worker?.removeAllListeners();
    if (this.#now !== null) this.#settle().failed(busy());
    if (this.#isOver) for (const { failed } of this.#waiting.splice(0)) failed(busy());
    else this.#next();
    await worker?.terminate();
  }
}

function told<Kind extends ClerkAnswer['kind']>(answer: ClerkAnswer, kind: Kind): ClerkAnswer & { kind: Kind } {
  if (answer.kind === 'refused') throw new PkiError(answer.code, answer.detail);
  if (answer.kind !== kind) throw new Error('an answer to another question');
  return answer as ClerkAnswer & { kind: Kind };
}
