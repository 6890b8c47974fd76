/** What one device says through one server, as it is kept. docs/spec/people.md#kept */

/** Something said and not answered: said again, it is these very bytes. */
export interface Pending {
  readonly target: string;
  readonly tag: string;
  readonly counter: number;
  readonly method: string;
  readonly bytes: Uint8Array;
}

/** What one device says through one server: numbers begin anew on each channel, and the channels of each server are its own. */
export interface Voice {
  /** Name of the side channel: 1, 2, 3 … */
  readonly generation: number;
  /** Whether something was refused on this channel: numbers begin anew on the next one. */
  readonly isSpent: boolean;
  /** The last number to each target, on this channel. */
  readonly numbers: ReadonlyMap<string, number>;
  readonly pending: readonly Pending[];
}
