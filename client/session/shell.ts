/** A session at work: its effects performed on a stream, the clock and the disk, until it is over. docs/spec/people.md#session */
import { exportedBy } from '../../circuit/exporting.ts';
import { answerTo } from './answers.ts';
import type { Moment, Output, SessionEffect, SessionEvent, TimerName } from './events.ts';
import type { Keeping } from './kept.ts';
import type { Session } from './session.ts';

/** A stream as the transport gives it: what is written goes out in order, what comes is told to its owner. */
export interface Stream {
  readonly channel: { exportKey(label: string, context: Uint8Array): Uint8Array | null };
  carry(owner: {
    bytes(bytes: Uint8Array): void;
    drained(bytes: number): void;
    ended(): void;
    failed(error: unknown): void;
  }): void;
  write(bytes: Uint8Array): void;
  end(): void;
  destroy(): void;
}

/** What a session is performed with. */
export interface ShellOptions {
  readonly session: Session;
  /** A stream to the person's home. Rejects when there is none, and after `signal`. */
  readonly reach: (signal: AbortSignal) => Promise<Stream>;
  readonly keep: (change: Keeping) => Promise<void>;
  readonly now: () => Moment;
  /** Calls `wake` once after so long, unless the function it gives is called first. */
  readonly after: (delayMs: number, wake: () => void) => () => void;
  readonly output: (output: Output, shell: SessionShell) => void;
}

/** One session from `run` until it is over, or `stop`. */
export class SessionShell {
  readonly #options: ShellOptions;
  readonly #timers = new Map<TimerName, () => void>();
  #stream: { readonly circuit: number; readonly stream: Stream } | null = null;
  #dialling: AbortController | null = null;
  #isStopped = false;
  /** What is being made durable. */
  #keeping: Promise<void> = Promise.resolve();
  #finish: (() => void) | null = null;
  #fail: ((error: unknown) => void) | null = null;

  constructor(options: ShellOptions) {
    this.#options = options;
  }

  /** Until it is over and everything is durable. Rejects where something cannot be made durable. */
  async run(): Promise<void> {
    const over = new Promise<void>((resolve, reject) => {
      this.#finish = resolve;
      this.#fail = reject;
    });
    this.tell({ kind: 'started' });
    try {
      await over;
      // What is durable may let go on something else that is to be kept.
      for (let last: Promise<void> | null = null; last !== this.#keeping; ) {
        last = this.#keeping;
        await last;
      }
    } finally {
      for (const cancel of this.#timers.values()) cancel();
      this.#dialling?.abort();
      this.#stream?.stream.end();
    }
  }

  /** As `Session.isProved`. */
  get isProved(): boolean {
    return this.#options.session.isProved();
  }

  /** An event of the session's. */
  tell(event: SessionEvent): void {
    const { session, now } = this.#options;
    for (const effect of session.step(event, now())) this.#perform(effect);
  }

  /** What is known is kept, the circuit closed, and `run` ends. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    // Not in the middle of a step's effects.
    queueMicrotask(() => {
      this.tell({ kind: 'stopped' });
      void this.#keeping.then(() => this.#finish?.());
    });
  }

  #perform(effect: SessionEffect): void {
    switch (effect.kind) {
      case 'connect':
        this.#connect(effect.circuit);
        break;
      case 'write':
        if (this.#stream?.circuit === effect.circuit) this.#stream.stream.write(effect.bytes);
        break;
      case 'close':
        this.#dialling?.abort();
        if (this.#stream?.circuit === effect.circuit) this.#stream.stream.end();
        this.#stream = null;
        break;
      case 'timer': {
        const { name } = effect;
        this.#timers.get(name)?.();
        this.#timers.set(
          name,
          this.#options.after(effect.delayMs, () => this.tell({ kind: 'timer', name })),
        );
        break;
      }
      case 'ask': {
        const { question } = effect;
        const seconds = Math.floor(this.#options.now().wallMs / 1000);
        void answerTo(effect.of, seconds).then(
          (answer) => this.tell({ kind: 'answered', question, answer }),
          (error: unknown) => this.#fail?.(error),
        );
        break;
      }
      case 'keep':
        this.#keep(effect.keeping, effect.change);
        break;
      case 'output':
        this.#options.output(effect.output, this);
        if (effect.output.kind === 'over') this.stop();
        break;
    }
  }

  #keep(keeping: number, change: Keeping): void {
    this.#keeping = this.#options.keep(change).then(
      () => this.tell({ kind: 'kept', keeping }),
      (error: unknown) => this.#fail?.(error),
    );
  }

  #connect(circuit: number): void {
    this.#dialling?.abort();
    const dialling = (this.#dialling = new AbortController());
    this.#options.reach(dialling.signal).then(
      (stream) => {
        if (dialling.signal.aborted) {
          stream.destroy();
          return;
        }
        this.#stream = { circuit, stream };
        stream.carry({
          bytes: (bytes) => this.tell({ kind: 'bytes', circuit, bytes }),
          drained: (bytes) => this.tell({ kind: 'drained', circuit, bytes }),
          ended: () => this.tell({ kind: 'ended', circuit }),
          failed: () => this.tell({ kind: 'failed', circuit }),
        });
        const exported = exportedBy((label, context) => stream.channel.exportKey(label, context));
        this.tell({ kind: 'opened', circuit, exported });
      },
      () => {
        if (!dialling.signal.aborted) this.tell({ kind: 'failed', circuit });
      },
    );
  }
}
