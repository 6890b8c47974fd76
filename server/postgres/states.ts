/** What the writer remembers of contexts between groups, so that a group needs one statement; a hint, checked by that statement. docs/spec/federation.md#store */

/** A context as the database had it at `revision`. */
export interface ContextState {
  /** The row's key; 0 when there is none yet. */
  readonly key: number;
  readonly lease: number;
  readonly last: number;
  readonly revision: number;
  /** How many members there are. */
  readonly members: number;
  /** Names of all marks, or null while nobody asked. */
  readonly marks: ReadonlySet<string> | null;
}

/** One for all without marks: most contexts never have any. */
const noMarks: ReadonlySet<string> = new Set();

/** A context that holds nothing. */
export const emptyState: ContextState = { key: 0, lease: 1, last: 0, revision: 0, members: 0, marks: noMarks };

/** Contexts and mark names together that are remembered. */
const WEIGHT_MAX = 65_536;

const weightOf = ({ marks }: ContextState): number => 1 + (marks?.size ?? 0);

/** The most recently used contexts. */
export class States {
  // A Map keeps the order of insertion: the first is the one not used for the longest time.
  readonly #states = new Map<string, ContextState>();
  #weight = 0;

  get(context: string): ContextState | undefined {
    return this.#states.get(context);
  }

  set(context: string, state: ContextState): void {
    this.delete(context);
    this.#states.set(context, state.marks?.size === 0 ? { ...state, marks: noMarks } : state);
    this.#weight += weightOf(state);
    for (const [oldest] of this.#states) {
      if (this.#weight <= WEIGHT_MAX) break;
      this.delete(oldest);
    }
  }

  delete(context: string): void {
    const state = this.#states.get(context);
    if (state === undefined) return;
    this.#weight -= weightOf(state);
    this.#states.delete(context);
  }

  clear(): void {
    this.#states.clear();
    this.#weight = 0;
  }
}
