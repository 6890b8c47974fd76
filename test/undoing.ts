/** Steps that undo what a test has made, whatever became of it. */

/** What is to be undone, the last first. */
export class Undoing {
  #steps: (() => Promise<unknown>)[] = [];

  add(step: () => Promise<unknown>): void {
    this.#steps.push(step);
  }

  /** Undoes everything, and throws the first error only then. */
  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (const step of this.#steps.reverse()) await step().catch((error: unknown) => errors.push(error));
    this.#steps = [];
    if (errors.length > 0) throw errors[0];
  }
}
