/** Who has mails read: a thread, one mail after the other, each for so long and no longer. docs/spec/mail.md#replies */
import { Worker } from 'node:worker_threads';
import { mailLimits } from '../../services/mail/limits.ts';
import type { Timers } from '../transport/timers.ts';
import type { Read, Reading } from './reading-thread.ts';

/** The thread's program: built, since a thread knows no TypeScript. */
const program = new URL(
  import.meta.url.endsWith('.ts') ? '../../dist/server/mail/reading-thread.js' : './reading-thread.js',
  import.meta.url,
);
/** Mebibytes of the thread: a mail is no longer than `mailBytesMax`. */
const HEAP_MEBIBYTES = 128;

/** The thread begins with the first mail. How many wait is limited by who brings them. */
export class MailReader {
  readonly #timers: Timers;
  readonly #readMs: number;
  #worker: Worker | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  /** What has come of the one that is being read. */
  #give: (read: Read) => void = () => {};
  #isOver = false;

  constructor(timers: Timers, readMs: number = mailLimits.readMsMax) {
    this.#timers = timers;
    this.#readMs = readMs;
  }

  /** What is in it; never rejects. What takes too long, or too much memory, is `_mail_unreadable`. */
  read(reading: Reading): Promise<Read> {
    const read = this.#turn.then(() => (this.#isOver ? ('_mail_unavailable' as const) : this.#ask(reading)));
    this.#turn = read;
    return read;
  }

  async close(): Promise<void> {
    this.#isOver = true;
    await this.#worker?.terminate();
    await this.#turn;
  }

  #ask(reading: Reading): Promise<Read> {
    const worker = (this.#worker ??= this.#begin());
    return new Promise((resolve) => {
      const cancel = this.#timers.after(this.#readMs, () => void worker.terminate());
      this.#give = (read) => {
        cancel();
        resolve(read);
      };
      worker.postMessage(reading);
    });
  }

  #begin(): Worker {
    const worker = new Worker(program, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MEBIBYTES } });
    // The server ends when its ports are closed, not when this thread does.
    worker.unref();
    worker.on('message', (read: Read) => this.#give(read));
    // Its end follows.
    worker.on('error', () => {});
    worker.on('exit', () => {
      this.#worker = null;
      this.#give('_mail_unreadable');
    });
    return worker;
  }
}
