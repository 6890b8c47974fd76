/** All that ends a town, in one place: Ctrl-C, signals, a terminal that goes away, our own mistakes. docs/operating.md#playground */

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** From its making until `over`: whatever comes first ends the town, whatever comes later is too late. */
export class Ending {
  /** Resolves when it is to end. */
  readonly begun: Promise<void>;
  /** What must never happen, and did. */
  error: Error | null = null;
  #begin: () => void = () => {};
  #isBegun = false;
  readonly #impatient: () => void;

  /** `impatient` is called when somebody asks for it again. */
  constructor(impatient: () => void) {
    this.#impatient = impatient;
    this.begun = new Promise((resolve) => (this.#begin = resolve));
    for (const signal of signals) process.on(signal, this.begin);
    process.on('uncaughtException', this.fail);
    // A terminal that is gone, or a reader that has seen enough: nobody is there to be told, and all is ended in order.
    process.stdout.removeAllListeners('error');
    for (const stream of [process.stdin, process.stdout, process.stderr]) {
      stream.on('error', () => {
        if (!this.#isBegun) this.begin();
      });
    }
  }

  get isBegun(): boolean {
    return this.#isBegun;
  }

  /** Ends it. */
  readonly begin = (): void => {
    if (this.#isBegun) this.#impatient();
    this.#isBegun = true;
    this.#begin();
  };

  /** Ends it, and throws this afterwards. */
  readonly fail = (error: unknown): void => {
    this.error ??= error instanceof Error ? error : new Error(String(error));
    this.begin();
  };
}
