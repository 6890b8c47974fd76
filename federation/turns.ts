/** Things that take a while, done one after the other, since each may change what the next goes by. docs/spec/friends.md#at-home */

/** Something to be done, which says when it is. */
export type Task = (done: () => void) => void;

/** A queue with so many places. */
export class Turns {
  readonly #max: number;
  readonly #waiting: Task[] = [];
  #isBusy = false;

  constructor(max: number) {
    this.#max = max;
  }

  /** Those that wait, and the one under way. */
  get count(): number {
    return this.#waiting.length + Number(this.#isBusy);
  }

  /** Does it now or later; it says when it is done. False: there is no room. */
  take(task: Task): boolean {
    if (this.count >= this.#max) return false;
    this.#waiting.push(task);
    this.#next();
    return true;
  }

  #next(): void {
    if (this.#isBusy) return;
    const task = this.#waiting.shift();
    if (task === undefined) return;
    // Told so, an emptied list gives its room back.
    if (this.#waiting.length === 0) this.#waiting.length = 0;
    this.#isBusy = true;
    task(() => {
      this.#isBusy = false;
      this.#next();
    });
  }
}
